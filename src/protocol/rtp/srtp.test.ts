import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { buildRtp } from './packet.ts';
import { buildRtcp } from './rtcp.ts';
import { SrtpReceiver, SrtpSender, srtpOverhead } from './srtp.ts';
import { nodeSrtpCrypto } from './srtp-crypto.ts';
import { deriveKeys, type SrtpKeys } from './srtp-keys.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

const keys: SrtpKeys = {
  suite: 'AES_CM_128_HMAC_SHA1_80',
  keyAndSalt: hex('E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6'),
};

t.test('the key stream of RFC 3711 appendix B.2', async (t) => {
  const stream = nodeSrtpCrypto.keyStream(hex('2B7E151628AED2A6ABF7158809CF4F3C'), hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'));
  const out = Buffer.alloc(48);
  stream.apply(out, 0, 48, 0, 0, 0);
  t.equal(
    out.toString('hex'),
    hex('E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0').toString(
      'hex',
    ),
  );
});

t.test('the session keys of RFC 3711 appendix B.3', async (t) => {
  const derived = deriveKeys(keys, 'rtp');
  t.same(derived.cipherKey, hex('C61E7A93744F39EE10734AFE3FF7A087'));
  t.same(derived.salt, hex('30CBBC08863D8C85D49DB34A9AE1'));
  t.same(derived.authKey, hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'));
});

t.test('a known packet is sealed and opened', async (t) => {
  // The same master key and packet that libsrtp checks itself with.
  const plain = hex('800f1234decafbadcafebabe abababababababababababababababab');
  const sealed = hex('800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb');
  const buffer = Buffer.alloc(plain.length + srtpOverhead);
  plain.copy(buffer);
  const length = new SrtpSender(keys).protectRtp(buffer, plain.length);
  t.equal(length, sealed.length);
  t.same(buffer.subarray(0, sealed.length), sealed);
  const opened = Buffer.from(sealed);
  t.equal(new SrtpReceiver(keys).unprotectRtp(opened), plain.length);
  t.same(opened.subarray(0, plain.length), plain);
});

function sealedRtp(sender: SrtpSender, sequence: number, text = 'payload'): Buffer {
  const plain = buildRtp({ payloadType: 0, sequence, timestamp: sequence * 160, ssrc: 5 }, Buffer.from(text));
  const buffer = Buffer.alloc(plain.length + srtpOverhead);
  plain.copy(buffer);
  return buffer.subarray(0, sender.protectRtp(buffer, plain.length) as number);
}

t.test('every suite opens what it sealed, across the roll-over, and no other key does', async (t) => {
  for (const suite of [
    'AES_CM_128_HMAC_SHA1_80',
    'AES_CM_128_HMAC_SHA1_32',
    'AES_256_CM_HMAC_SHA1_80',
    'AES_256_CM_HMAC_SHA1_32',
  ] as const) {
    const master: SrtpKeys = { suite, keyAndSalt: Buffer.alloc(suite.startsWith('AES_256') ? 46 : 30, 7) };
    const sender = new SrtpSender(master);
    const receiver = new SrtpReceiver(master);
    const other = new SrtpReceiver({ suite, keyAndSalt: Buffer.from(master.keyAndSalt).fill(8) });
    for (let i = 65530; i < 65545; i++) {
      const packet = sealedRtp(sender, i & 0xffff, `text ${i}`);
      t.equal(other.unprotectRtp(Buffer.from(packet)), 'not-authentic');
      const length = receiver.unprotectRtp(packet) as number;
      t.equal(packet.toString('utf8', 12, length), `text ${i}`, `${suite} ${i}`);
    }
  }
});

t.test('a repeated packet is refused, a reordered one is not, a very old one is', async (t) => {
  const sender = new SrtpSender(keys);
  const receiver = new SrtpReceiver(keys);
  const packets = Array.from({ length: 200 }, (_, i) => sealedRtp(sender, 65500 + i > 65535 ? i - 36 : 65500 + i));
  const open = (i: number) => receiver.unprotectRtp(Buffer.from(packets[i]!));
  t.type(open(1), 'number');
  t.equal(open(1), 'replayed');
  t.type(open(40), 'number', 'past the roll-over');
  t.type(open(2), 'number', 'before the roll-over, late');
  t.equal(open(2), 'replayed');
  t.type(open(199), 'number');
  t.equal(open(3), 'replayed', 'outside the window');
});

t.test('SRTCP is sealed, opened, refused when repeated or changed', async (t) => {
  const sender = new SrtpSender({ ...keys, suite: 'AES_CM_128_HMAC_SHA1_32' });
  const receiver = new SrtpReceiver({ ...keys, suite: 'AES_CM_128_HMAC_SHA1_32' });
  const plain = buildRtcp({ ssrc: 9, cname: 'name' });
  const buffer = Buffer.alloc(plain.length + srtpOverhead);
  plain.copy(buffer);
  const length = sender.protectRtcp(buffer, plain.length) as number;
  t.equal(length, plain.length + 14, 'ten bytes of tag whatever the suite');
  const again = Buffer.from(buffer.subarray(0, length));
  const changed = Buffer.from(again);
  changed[9]! ^= 1;
  t.equal(receiver.unprotectRtcp(changed), 'not-authentic');
  t.equal(receiver.unprotectRtcp(buffer, length), plain.length);
  t.same(buffer.subarray(0, plain.length), plain);
  t.equal(receiver.unprotectRtcp(again), 'replayed');
});

t.test('a packet longer than any of RTP is neither sealed nor opened', async (t) => {
  const long = Buffer.alloc(65_000, 0x80);
  const short = Buffer.alloc(2049, 0x80);
  for (const packet of [long, short]) {
    t.equal(new SrtpSender(keys).protectRtp(packet, packet.length - srtpOverhead), 'too-long');
    t.equal(new SrtpSender(keys).protectRtcp(packet, packet.length - srtpOverhead), 'too-long');
    t.equal(new SrtpReceiver(keys).unprotectRtp(packet), 'too-long');
    t.equal(new SrtpReceiver(keys).unprotectRtcp(packet), 'too-long');
  }
});

t.test('mutated packets are refused and leave the stream usable', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const sender = new SrtpSender(keys);
  const receiver = new SrtpReceiver(keys);
  for (let i = 0; i < 3000; i++) {
    const packet = sealedRtp(sender, i);
    const bad = Buffer.from(
      packet.subarray(0, random.integer(0, 3) ? packet.length : random.integer(0, packet.length)),
    );
    if (bad.length) bad[random.integer(0, bad.length)]! ^= 1 << random.integer(0, 8);
    if (typeof receiver.unprotectRtp(bad) === 'number') return t.fail(`a forged packet was taken, seed ${seed}`);
    if (typeof receiver.unprotectRtp(packet) !== 'number') return t.fail(`a good packet was refused, seed ${seed}`);
  }
  t.pass();
});
