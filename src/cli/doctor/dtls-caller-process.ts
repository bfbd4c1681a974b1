// The process of a DTLS caller (dtls-caller.ts): {address} in, {offer} out, {answer} in, {up} out. It is killed, not closed:
// node-datachannel's cleanup may abort the process that calls it.
// The library first hears of the call with the answer: it would answer early connectivity checks, and might finish DTLS before
// it knows the fingerprint to check.

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { Audio as LibAudio, PeerConnection } from 'node-datachannel';
import { createDtlsCertificate } from '../../media/embedded/engine/transport/dtls-certificate.ts';
import type { CallerOrder, CallerReport } from './dtls-caller.ts';

const report = (message: CallerReport) => process.send?.(message);
process.on('disconnect', () => process.exit());
process.once('message', ({ address }: Extract<CallerOrder, { address: string }>) => {
  offer(address).catch((thrown: Error) => report({ failed: thrown.message }));
});

async function offer(address: string): Promise<void> {
  const certificate = createDtlsCertificate(Date.now());
  const port = await freePort(address);
  const ice = { iceUfrag: randomBytes(6).toString('hex'), icePwd: randomBytes(16).toString('hex') };
  process.once('message', ({ answer }: Extract<CallerOrder, { answer: string }>) => {
    const peer = new PeerConnection('doctor', {
      iceServers: [],
      bindAddress: address,
      portRangeBegin: port,
      portRangeEnd: port,
      disableAutoNegotiation: true,
      certificatePemFile: certificate.certificatePem,
      keyPemFile: certificate.keyPem,
    });
    peer.onStateChange((state) => {
      if (state === 'connected') report({ up: true });
      else if (state === 'failed' || state === 'closed') report({ up: false });
    });
    const audio = new LibAudio('0', 'SendRecv');
    audio.addAudioCodec(0, 'PCMU');
    audio.addSSRC(1, 'doctor');
    // Kept: a track that is collected takes the library's with it.
    kept.push(peer, peer.addTrack(audio));
    peer.setLocalDescription('offer', ice);
    peer.setRemoteDescription(withMid(answer), 'answer');
  });
  report({ offer: offerOf({ address, port, ...ice, fingerprint: certificate.fingerprint }) });
}

const kept: unknown[] = [];

function offerOf(parts: {
  address: string;
  port: number;
  iceUfrag: string;
  icePwd: string;
  fingerprint: string;
}): string {
  const { address, port, iceUfrag, icePwd, fingerprint } = parts;
  const family = address.includes(':') ? 'IP6' : 'IP4';
  return [
    'v=0',
    `o=- ${Date.now()} 1 IN ${family} ${address}`,
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    `m=audio ${port} UDP/TLS/RTP/SAVPF 0`,
    `c=IN ${family} ${address}`,
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:0 PCMU/8000',
    `a=ice-ufrag:${iceUfrag}`,
    `a=ice-pwd:${icePwd}`,
    `a=fingerprint:${fingerprint}`,
    'a=setup:actpass',
    `a=candidate:1 1 UDP 2130706431 ${address} ${port} typ host`,
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

/** FreeSWITCH answers without a=mid, which the library wants; browsers do without it for a single m-line. */
function withMid(sdp: string): string {
  return sdp.includes('a=mid:') ? sdp : sdp.replace(/^(m=audio .*\r?\n)/m, '$1a=mid:0\r\n');
}

function freePort(address: string): Promise<number> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
