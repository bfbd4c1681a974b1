// ICE as a lite agent (RFC 8445 §2.5) and DTLS-SRTP (RFC 5764) towards one browser, on the port of all (browser-port.ts). The browser
// tries every way there is, through its TURN server too, and nominates one; we answer, and send to where the nominated
// check came from, so that a browser that changes its network is followed. Its checks are its consent, too (RFC 7675): without any for half
// a minute nothing is sent.

import { randomBytes } from 'node:crypto';
import { parseSdp } from '../../../../protocol/sdp/session-description.ts';
import { hostCandidate, type IceParameters, iceParameters } from '../../../../protocol/sdp/webrtc.ts';
import { answerToCheck, type ConnectivityCheck, isSignedWith } from '../../../../protocol/stun/connectivity-check.ts';
import type { LocalIce } from '../../../negotiation.ts';
import { type Remote, sameRemote } from '../sockets/udp-socket.ts';
import type { BrowserPort } from './browser-port.ts';
import { createDtlsCertificate } from './dtls-certificate.ts';
import { DtlsSession } from './dtls-session.ts';
import { createPacketProtection } from './packet-protection.ts';
import type { BrowserTransport, BrowserTransportNeeds } from './transport.ts';
import type { PacketProtection } from './udp-transport.ts';

const usualConsentMs = 30_000;
const looksPerConsent = 6;
/** A browser has a handful of ways; more are somebody who tries ports. */
const waysAtMost = 32;

/** The browser's half of ICE and DTLS. Throws when it is not there. */
function theirIce(sdp: string): IceParameters & { fingerprint: NonNullable<IceParameters['fingerprint']> } {
  const parsed = parseSdp(sdp);
  const audio = parsed.kind === 'ok' ? parsed.description.media.find(({ kind }) => kind === 'audio') : undefined;
  const ice = parsed.kind === 'ok' && audio ? iceParameters(parsed.description, audio) : undefined;
  if (!ice?.fingerprint || !ice.usernameFragment) throw new Error('it has no ICE credentials or fingerprint');
  return { ...ice, fingerprint: ice.fingerprint };
}

export class DtlsSrtpTransport implements BrowserTransport {
  refused = 0;
  connected = false;
  answered = false;
  private readonly port: BrowserPort;
  private readonly needs: BrowserTransportNeeds;
  private readonly certificate = createDtlsCertificate(Date.now());
  private readonly usernameFragment = randomBytes(6).toString('hex');
  private readonly password = randomBytes(16).toString('hex');
  private dtls: DtlsSession | undefined;
  private protection: PacketProtection | undefined;
  /** Whom we send to, and all that have proved to know our password. */
  private remote: Remote | undefined;
  private readonly ways: Remote[] = [];
  private checkedAt = 0;
  /** What began DTLS before the answer that has the fingerprint was here. */
  private early: Buffer | undefined;
  private watch: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(port: BrowserPort, needs: BrowserTransportNeeds) {
    this.port = port;
    this.needs = needs;
  }

  private credentials(setup: LocalIce['setup']): LocalIce {
    const { port, usernameFragment, password, certificate } = this;
    port.expect(usernameFragment, this);
    const candidates = [hostCandidate(port.needs.address, port.port)];
    return { usernameFragment, password, fingerprint: certificate.fingerprint, setup, candidates, lite: true };
  }

  offer(): LocalIce {
    return this.credentials('actpass');
  }

  setAnswer(sdp: string): void {
    const theirs = theirIce(sdp);
    this.associate(theirs, theirs.setup === 'passive' ? 'active' : 'passive');
  }

  async answer(sdpOffer: string): Promise<LocalIce> {
    const theirs = theirIce(sdpOffer);
    const setup = theirs.setup === 'passive' ? 'active' : 'passive';
    this.associate(theirs, setup);
    return this.credentials(setup);
  }

  private associate({ fingerprint }: ReturnType<typeof theirIce>, role: 'active' | 'passive'): void {
    const { port, certificate } = this;
    this.dtls = new DtlsSession({
      openssl: port.needs.openssl,
      certificate,
      role,
      fingerprint,
      send: (datagram) => this.remote && port.send(datagram, this.remote),
      onKeys: (keys) => {
        this.protection = createPacketProtection(keys, port.needs.srtp);
        this.connect();
      },
      onEnd: (because) => {
        this.protection = undefined;
        this.lose(because);
      },
      onClosed: () => {
        this.protection = undefined;
        this.connected = false;
      },
    });
    this.answered = true;
    const { consentMs = usualConsentMs } = port.needs;
    this.watch = setInterval(() => this.look(consentMs), consentMs / looksPerConsent);
    if (this.remote) this.dtls.begin();
    if (this.early) this.dtls.receive(this.early);
    this.early = undefined;
  }

  private connect(): void {
    this.connected = true;
    this.needs.listener.onConnected();
  }

  private lose(because: string): void {
    if (this.closed) return;
    this.connected = false;
    this.needs.onLost(because);
  }

  private look(consentMs: number): void {
    if (this.connected && performance.now() - this.checkedAt > consentMs)
      this.lose(`no connectivity check for ${consentMs / 1000} s`);
  }

  onCheck(check: ConnectivityCheck, bytes: Buffer, from: Remote): void {
    if (!isSignedWith(bytes, this.password)) {
      this.refused++;
      return;
    }
    this.checkedAt = performance.now();
    this.port.send(answerToCheck(check, from, this.password), from);
    this.allow(from);
    const first = this.remote === undefined;
    if (first || check.nominates) this.remote = from;
    if (first) this.dtls?.begin();
    // Consent had expired, and is given again.
    if (this.protection && !this.connected) this.connect();
  }

  private allow(way: Remote): void {
    if (this.ways.some((each) => sameRemote(each, way))) return;
    this.ways.push(way);
    this.port.allow(way, this);
    if (this.ways.length <= waysAtMost) return;
    const oldest = this.ways.findIndex((each) => !sameRemote(each, this.remote));
    for (const gone of this.ways.splice(oldest, 1)) this.port.forget(gone, this);
  }

  onDtls(datagram: Buffer): void {
    if (this.dtls) this.dtls.receive(datagram);
    else this.early = Buffer.from(datagram);
  }

  onMedia(packet: Buffer, nowMs: number | undefined): void {
    // RFC 5761 §4: payload types 64 to 95 are RTCP.
    const type = (packet[1] ?? 0) & 0x7f;
    const isRtcp = type >= 64 && type < 96;
    const plain = isRtcp ? this.protection?.unprotectRtcp(packet) : this.protection?.unprotectRtp(packet);
    if (!plain) this.refused++;
    else if (isRtcp) this.needs.listener.onRtcp(plain);
    else this.needs.listener.onRtp(plain, nowMs);
  }

  sendRtp(packet: Buffer): void {
    if (this.connected) this.send(this.protection?.protectRtp(packet));
  }

  sendRtcp(packet: Buffer): void {
    if (this.connected) this.send(this.protection?.protectRtcp(packet));
  }

  private send(sealed: Buffer | undefined): void {
    if (sealed && this.remote) this.port.send(sealed, this.remote);
  }

  /** Says nothing to the browser: signalling ends a call, and a new ICE session may be about to take this one's place. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.connected = false;
    clearInterval(this.watch);
    this.port.expectNoMore(this.usernameFragment);
    for (const way of this.ways) this.port.forget(way, this);
    this.dtls?.close();
  }
}
