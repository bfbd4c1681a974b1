// ICE and DTLS-SRTP towards one browser through node-datachannel (libdatachannel), every party of an engine on one UDP port: where
// OpenSSL cannot be called (openssl.ts) this takes the place of dtls-srtp-transport.ts.
// libdatachannel is used for the transport only: our SDP is written by negotiation.ts and carries its credentials. Its own
// description stays sendrecv with every codec, so hold and codec changes never need it. A new ICE session (RFC 8839 §4.4.1.1)
// is a new transport: it has no ICE restart. It checks the DTLS fingerprint against the SDP's (RFC 8122).

import { randomBytes } from 'node:crypto';
import {
  Audio,
  IceUdpMuxListener,
  initLogger,
  type PeerConnection as LibPeerConnection,
  type Track as LibTrack,
  PeerConnection,
} from 'node-datachannel';
import { hostCandidate, parseCandidate } from '../../../../protocol/sdp/webrtc.ts';
import type { LocalIce } from '../../../negotiation.ts';
import { createDtlsCertificate, type DtlsCertificate } from './dtls-certificate.ts';
import type { BrowserSide, BrowserTransport, BrowserTransportNeeds } from './transport.ts';

const gatheringLimitMs = 3_000;
const gatheringLookMs = 2;

let logging = false;

/** Warnings of the library go to one place; called once per engine. */
export function logWebrtcWith(write: (level: string, message: string) => void): void {
  if (logging) return;
  logging = true;
  initLogger('Error', (level, message) => write(level, message));
}

/** Its listener keeps the port open between calls, so that it is ours and a taken port is found at start. */
export function openLibrarySide(address: string, port: number): BrowserSide {
  const listener = new IceUdpMuxListener(port, address);
  return {
    port,
    // The library tells of none.
    strangers: 0,
    open: (needs) => new LibraryTransport({ ...needs, address, port }),
    close: async () => listener.stop(),
  };
}

interface Needs extends BrowserTransportNeeds {
  address: string;
  port: number;
}

class LibraryTransport implements BrowserTransport {
  refused = 0;
  connected = false;
  answered = false;
  private readonly needs: Needs;
  private peer: LibPeerConnection | undefined;
  private offered: { certificate: DtlsCertificate; ice: LocalIce } | undefined;
  private track: LibTrack | undefined;
  private closed = false;

  constructor(needs: Needs) {
    this.needs = needs;
  }

  private open(certificate?: DtlsCertificate): LibPeerConnection {
    const { name, address, port } = this.needs;
    const peer = new PeerConnection(name, {
      iceServers: [],
      bindAddress: address,
      enableIceUdpMux: true,
      portRangeBegin: port,
      portRangeEnd: port,
      disableAutoNegotiation: true,
      ...(certificate ? { certificatePemFile: certificate.certificatePem, keyPemFile: certificate.keyPem } : {}),
    });
    this.peer = peer;
    peer.onStateChange((state) => {
      if (this.closed) return;
      if (state === 'failed' || state === 'closed' || state === 'disconnected') {
        this.connected = false;
        this.needs.onLost(state);
      }
    });
    return peer;
  }

  /**
   * We offer. The library is not started yet: it answers a browser's early connectivity checks, and when then the SDP
   * answer is set it may finish DTLS before it has stored the fingerprint to check, and fail (seen in 1 of 80 calls on a
   * busy machine, over loopback). So the credentials are made here and the library first hears of the call with the answer.
   */
  offer(): LocalIce {
    const certificate = createDtlsCertificate(Date.now());
    const ice: LocalIce = {
      usernameFragment: randomBytes(6).toString('hex'),
      password: randomBytes(16).toString('hex'),
      fingerprint: certificate.fingerprint,
      setup: 'actpass',
      candidates: [hostCandidate(this.needs.address, this.needs.port)],
    };
    this.offered = { certificate, ice };
    return ice;
  }

  setAnswer(sdp: string): void {
    if (!this.offered) throw new Error('there is no offer of ours');
    const { certificate, ice } = this.offered;
    const peer = this.open(certificate);
    const audio = new Audio('0', 'SendRecv');
    audio.addAudioCodec(0, 'PCMU');
    audio.addAudioCodec(8, 'PCMA');
    audio.addOpusCodec(111);
    audio.addSSRC(this.needs.ssrc, this.needs.cname);
    this.useTrack(peer.addTrack(audio));
    peer.setLocalDescription('offer', { iceUfrag: ice.usernameFragment, icePwd: ice.password });
    peer.setRemoteDescription(sdp, 'answer');
    this.answered = true;
  }

  async answer(sdpOffer: string): Promise<LocalIce> {
    const peer = this.open();
    peer.onTrack((track) => this.useTrack(track));
    peer.setRemoteDescription(sdpOffer, 'offer');
    this.answered = true;
    peer.setLocalDescription('answer');
    await this.untilGathered();
    return this.localIce();
  }

  /** Host candidates only, so this is a matter of milliseconds, and asking costs less than a listener for the whole call. */
  private async untilGathered(): Promise<void> {
    const deadline = performance.now() + gatheringLimitMs;
    while (this.peer?.gatheringState() !== 'complete') {
      if (this.closed || performance.now() > deadline) throw new Error('no ICE candidate in time');
      await new Promise((resolve) => setTimeout(resolve, gatheringLookMs));
    }
  }

  private localIce(): LocalIce {
    const sdp = this.peer?.localDescription()?.sdp ?? '';
    const value = (name: string) => new RegExp(`^a=${name}:(.*)$`, 'm').exec(sdp)?.[1]?.trim() ?? '';
    const candidates = [...sdp.matchAll(/^a=candidate:(.*)$/gm)].map((match) => match[1]!.trim());
    return {
      usernameFragment: value('ice-ufrag'),
      password: value('ice-pwd'),
      fingerprint: value('fingerprint'),
      setup: value('setup') as LocalIce['setup'],
      candidates: candidates.filter((each) => parseCandidate(each) !== undefined),
    };
  }

  /** No listener more than is needed: each is looked at whenever the library has something to tell, of any party. */
  private useTrack(track: LibTrack): void {
    this.track = track;
    track.onMessage((packet) => this.onPacket(packet));
    track.onOpen(() => {
      this.connected = true;
      this.needs.listener.onConnected();
    });
  }

  private onPacket(packet: Buffer): void {
    if (this.closed || packet.length < 8 || (packet[0]! & 0xc0) !== 0x80) {
      this.refused++;
      return;
    }
    const type = packet[1]!;
    if (type >= 192 && type < 224) this.needs.listener.onRtcp(packet);
    else if (packet.length >= 12) this.needs.listener.onRtp(packet);
  }

  sendRtp(packet: Buffer): void {
    this.send(packet);
  }

  sendRtcp(packet: Buffer): void {
    this.send(packet);
  }

  private send(packet: Buffer): void {
    if (!this.connected || this.closed) return;
    try {
      this.track?.sendMessageBinary(packet);
    } catch {
      // The library throws when the track has just closed; its state change tells the rest.
      this.connected = false;
      this.refused++;
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.connected = false;
    this.track?.close();
    this.peer?.close();
  }
}
