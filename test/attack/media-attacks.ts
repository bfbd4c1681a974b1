// Attacks on the media of the call that goes on. Whether anything of it was heard is measured by the parties of that call (honest.ts): the
// tone of the attack is 1010 Hz, which nobody else says.

import { randomBytes } from 'node:crypto';
import { encodeG711 } from '../../src/protocol/rtp/g711.ts';
import { buildRtp } from '../../src/protocol/rtp/packet.ts';
import { variantOf } from '../support/attack/on-path.ts';
import { clientHello, forgedBinding } from '../support/attack/webrtc-forgeries.ts';
import { type Attack, flood } from './attack.ts';

export const attackToneHz = 1010;

export function tonePacket(count: number, ssrc: number): Buffer {
  const samples = Int16Array.from({ length: 160 }, (_, i) =>
    Math.round(16_000 * Math.sin((2 * Math.PI * attackToneHz * (count * 160 + i)) / 8000)),
  );
  const payload = Buffer.alloc(160);
  encodeG711('PCMU', samples, payload);
  return buildRtp(
    { payloadType: 0, marker: false, sequence: count & 0xffff, timestamp: (count * 160) >>> 0, ssrc },
    payload,
  );
}

export const mediaAttacks: Attack[] = [
  {
    name: 'rtp-injection',
    sends: 'a loud tone as RTP to the carrier’s side of the call, and RTCP BYE, from other hosts and other ports',
    perSecond: 400,
    start: flood(
      8,
      (n, { rtpPort }) =>
        n % 10 === 9
          ? {
              bytes: Buffer.concat([
                Buffer.from('80c90001', 'hex'),
                randomBytes(4),
                Buffer.from('81cb0001', 'hex'),
                randomBytes(4),
              ]),
              port: rtpPort + (n % 2),
            }
          : { bytes: tonePacket(Math.floor(n / 8), n % 3 === 0 ? 1 : n), port: rtpPort },
      // Our audio, turned aside.
      (bytes) => bytes.length >= 172,
    ),
  },
  {
    name: 'srtp-forgery',
    sends: 'plain RTP, SRTP-like and RTCP packets to the browsers’ port',
    perSecond: 400,
    start: flood(
      8,
      (n, { webrtcPort }) => ({
        bytes: n % 2 === 0 ? tonePacket(n, 1) : Buffer.concat([tonePacket(n, n).subarray(0, 12), randomBytes(170)]),
        port: webrtcPort,
      }),
      (bytes) => bytes.length >= 172,
    ),
  },
  {
    name: 'srtp-replay',
    sends:
      'SRTP and SRTCP of the desk itself, kept on its way and sent again: as they were, moved in sequence (for another rollover counter), changed; from its own address and from others',
    perSecond: 400,
    start(targets) {
      const sealed = (targets.onPath?.sealed ?? []).map((packet) => Buffer.from(packet, 'base64'));
      if (sealed.length === 0) throw new Error('nothing was kept on the way');
      const { asHomePort } = targets.onPath!;
      return flood(
        8,
        (n) => ({ bytes: variantOf(sealed, n >> 2), port: n % 4 === 3 ? targets.webrtcPort : asHomePort }),
        (bytes) => bytes.length >= 172,
      )(targets);
    },
  },
  {
    name: 'stun-flood',
    sends: 'binding requests with wrong passwords, for the call’s own ICE name and for others, to the browsers’ port',
    perSecond: 1000,
    start: flood(
      16,
      (n, { webrtcPort, iceName }) => ({
        bytes: forgedBinding(n % 2 === 0 ? `${iceName}:x${n}` : `nobody${n}:x`, 'wrong'),
        port: webrtcPort,
      }),
      (bytes) => bytes.length >= 20 && bytes.readUInt16BE(0) === 0x0101,
    ),
  },
  {
    name: 'dtls-flood',
    sends: 'ClientHellos without ICE to the browsers’ port',
    perSecond: 1000,
    start: flood(
      16,
      (_n, { webrtcPort }) => ({ bytes: clientHello(), port: webrtcPort }),
      (bytes) => bytes[0] === 22,
    ),
  },
];
