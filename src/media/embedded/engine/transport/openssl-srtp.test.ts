// SRTP's cryptography by calls into OpenSSL is that of node:crypto, byte for byte; the vectors of RFC 3711 are in protocol/rtp/srtp.test.ts.

import t from 'tap';
import { SrtpReceiver, SrtpSender, srtpOverhead } from '../../../../protocol/rtp/srtp.ts';
import { nodeSrtpCrypto } from '../../../../protocol/rtp/srtp-crypto.ts';
import { seededRandom } from '../../../../shared/random.ts';
import { loadOpensslSrtp } from './openssl-srtp.ts';

const openssl = loadOpensslSrtp();
const skip = typeof openssl === 'string' ? openssl : false;
const crypto = typeof openssl === 'string' ? nodeSrtpCrypto : openssl;
const random = seededRandom(3711);
const bytes = (length: number) => Uint8Array.from({ length }, () => random.integer(0, 256));

t.test('the key stream is the same, whatever the key, the packet and its place in the buffer', { skip }, async (t) => {
  for (let i = 0; i < 500; i++) {
    const [key, salt] = [bytes(i % 2 ? 16 : 32), bytes(14)];
    const packet = bytes(random.integer(12, 1500));
    const other = Uint8Array.from(packet);
    const start = random.integer(0, 13);
    const place = [start, packet.length, random.integer(0, 2 ** 32), random.integer(0, 2 ** 32), i] as const;
    crypto.keyStream(key, salt).apply(packet, ...place);
    nodeSrtpCrypto.keyStream(key, salt).apply(other, ...place);
    if (!Buffer.from(packet).equals(other)) return t.fail(`not the same at ${i}`);
  }
  t.pass();
});

t.test('the tag is the same, whatever the key', { skip }, async (t) => {
  for (let i = 0; i < 500; i++) {
    const [key, packet] = [bytes(20), bytes(random.integer(1, 1500))];
    const length = random.integer(1, packet.length + 1);
    const tag = Buffer.from(crypto.authenticator(key)(packet, length));
    if (!tag.equals(nodeSrtpCrypto.authenticator(key)(packet, length))) return t.fail(`not the same at ${i}`);
  }
  t.pass();
});

t.test('many streams take turns, each with its own keys', { skip }, async (t) => {
  const pairs = Array.from({ length: 20 }, (_, i) => {
    const keys = { suite: 'AES_CM_128_HMAC_SHA1_80' as const, keyAndSalt: bytes(30) };
    const [seals, opens] = i % 2 ? [crypto, nodeSrtpCrypto] : [nodeSrtpCrypto, crypto];
    return { sender: new SrtpSender(keys, seals), receiver: new SrtpReceiver(keys, opens) };
  });
  for (let sequence = 1; sequence < 50; sequence++)
    for (const [i, { sender, receiver }] of pairs.entries()) {
      const plain = Buffer.concat([Buffer.from([0x80, 0, 0, sequence, 0, 0, 0, 0, 0, 0, 0, i]), bytes(160)]);
      const sealed = Buffer.concat([plain, Buffer.alloc(srtpOverhead)]);
      const length = sender.protectRtp(sealed, plain.length) as number;
      const opened = receiver.unprotectRtp(sealed, length);
      if (opened !== plain.length || !sealed.subarray(0, opened).equals(plain)) return t.fail(`stream ${i}`);
    }
  t.pass();
});

t.test('what is too long for a packet is refused', { skip }, async (t) => {
  t.throws(() => crypto.keyStream(bytes(16), bytes(14)).apply(bytes(5000), 0, 5000, 1, 0, 1), RangeError);
});
