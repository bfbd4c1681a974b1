import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import {
  buildRtp,
  newRtpHeader,
  oneByteExtension,
  packetKind,
  parseRtp,
  type RtpHeader,
  rewriteRtp,
} from './packet.ts';

const payload = Buffer.from('hello world!');
const plain = buildRtp(
  { payloadType: 8, marker: true, sequence: 65535, timestamp: 0xfffffff0, ssrc: 0xdeadbeef },
  payload,
);

function ok(result: RtpHeader | string): RtpHeader {
  if (typeof result === 'string') throw new Error(result);
  return result;
}

t.test('a built packet is read back, into the object given', async (t) => {
  const into = newRtpHeader();
  const header = ok(parseRtp(plain, into));
  t.equal(header, into);
  t.match(header, {
    marker: true,
    payloadType: 8,
    sequence: 65535,
    timestamp: 0xfffffff0,
    ssrc: 0xdeadbeef,
    csrcCount: 0,
  });
  t.same(plain.subarray(header.payloadStart, header.payloadEnd), payload);
});

t.test('CSRCs, header extension and padding are stepped over', async (t) => {
  const packet = Buffer.concat([
    Buffer.from([0xb2, 0x00]),
    plain.subarray(2, 12),
    Buffer.alloc(8),
    Buffer.from([0xbe, 0xde, 0x00, 0x01, 0x10, 0xaa, 0x00, 0x00]),
    payload,
    Buffer.from([0, 0, 3]),
  ]);
  const header = ok(parseRtp(packet));
  t.match(header, { csrcCount: 2, extensionProfile: 0xbede, payloadStart: 28, payloadEnd: 40, marker: false });
  const extension = oneByteExtension(packet, header, 1)!;
  t.same(packet.subarray(extension.start, extension.end), Buffer.from([0xaa]));
  t.equal(oneByteExtension(packet, header, 2), undefined);
});

t.test('what is no RTP packet says why', async (t) => {
  t.equal(parseRtp(plain.subarray(0, 11)), 'too-short');
  t.equal(parseRtp(Buffer.concat([Buffer.from([0x40]), plain.subarray(1)])), 'not-version-2');
  t.equal(parseRtp(Buffer.concat([Buffer.from([0x8f]), plain.subarray(1)])), 'truncated-header');
  t.equal(parseRtp(Buffer.concat([Buffer.from([0x90]), plain.subarray(1)])), 'truncated-header');
  t.equal(parseRtp(Buffer.concat([Buffer.from([0xa0]), plain.subarray(1, 12), Buffer.from([9])])), 'bad-padding');
  t.equal(parseRtp(Buffer.concat([Buffer.from([0xa0]), plain.subarray(1, 12), Buffer.from([0])])), 'bad-padding');
});

t.test('a relay rewrites its fields and nothing else', async (t) => {
  const packet = Buffer.from(plain);
  rewriteRtp(packet, 0, false, 7, 160, 42);
  t.match(ok(parseRtp(packet)), { payloadType: 0, marker: false, sequence: 7, timestamp: 160, ssrc: 42 });
  t.same(packet.subarray(12), payload);
});

t.test('packets on a shared port are told apart', async (t) => {
  t.equal(packetKind(plain), 'rtp');
  t.equal(packetKind(Buffer.from([0x80, 200])), 'rtcp');
  t.equal(packetKind(Buffer.from([0x80, 0xc9])), 'rtcp');
  t.equal(packetKind(Buffer.from([0, 1])), 'stun');
  t.equal(packetKind(Buffer.from([22, 254])), 'dtls');
  t.equal(packetKind(Buffer.from([70, 0])), 'unknown');
  t.equal(packetKind(Buffer.alloc(0)), 'unknown');
});

t.test('random and mutated packets give a header within bounds or a problem', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const until = Date.now() + 1000;
  let good = 0;
  while (Date.now() < until) {
    const packet = Buffer.alloc(random.integer(0, 120));
    for (let i = 0; i < packet.length; i++) packet[i] = random.integer(0, 256);
    if (random.integer(0, 4) && packet.length) packet[0] = 0x80 | random.integer(0, 64);
    const header = parseRtp(packet);
    packetKind(packet);
    if (typeof header === 'string') continue;
    good++;
    for (let id = 1; id < 15; id++) oneByteExtension(packet, header, id);
    if (header.payloadStart < 12 || header.payloadEnd < header.payloadStart || header.payloadEnd > packet.length) {
      return t.fail(`out of bounds, seed ${seed}: ${packet.toString('hex')}`);
    }
  }
  t.ok(good > 100, `${good} read`);
});
