import t from 'tap';
import { crossG711, decodeG711, encodeG711, silenceCode } from './g711.ts';

const all = Uint8Array.from({ length: 256 }, (_, code) => code);

t.test('known values of G.711', async (t) => {
  const out = new Int16Array(4);
  decodeG711('PCMU', Uint8Array.from([0x00, 0x80, 0xff, 0x7f]), out);
  t.same([...out], [-32124, 32124, 0, 0]);
  decodeG711('PCMA', Uint8Array.from([0xd5, 0x55, 0xaa, 0x2a]), out);
  t.same([...out], [8, -8, 32256, -32256]);
});

t.test('encoding what was decoded gives the code back', async (t) => {
  for (const law of ['PCMU', 'PCMA'] as const) {
    const samples = new Int16Array(256);
    decodeG711(law, all, samples);
    const codes = new Uint8Array(256);
    encodeG711(law, samples, codes);
    const expected = [...all].map((code) => (law === 'PCMU' && code === 0x7f ? 0xff : code));
    t.same([...codes], expected, law);
  }
});

t.test('every sample is off by at most half a step, and silence is the silence code', async (t) => {
  for (const law of ['PCMU', 'PCMA'] as const) {
    const samples = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
    const codes = new Uint8Array(65536);
    const back = new Int16Array(65536);
    encodeG711(law, samples, codes);
    decodeG711(law, codes, back);
    // The largest step is 1024 of 16 bits; beyond the last level everything clips to it.
    const worst = samples.reduce((most, sample, i) => Math.max(most, Math.abs(sample - back[i]!)), 0);
    t.ok(worst <= 644, `${law} ${worst}`);
    encodeG711(law, new Int16Array(1), codes);
    t.equal(codes[0], silenceCode[law], law);
  }
});

t.test('crossing the laws and back stays within a step', async (t) => {
  const codes = Uint8Array.from(all);
  crossG711('PCMU', codes);
  crossG711('PCMA', codes);
  const before = new Int16Array(256);
  const after = new Int16Array(256);
  decodeG711('PCMU', all, before);
  decodeG711('PCMU', codes, after);
  for (let i = 0; i < 256; i++) {
    const allowed = Math.max(16, Math.abs(before[i]!) / 16);
    if (Math.abs(before[i]! - after[i]!) > allowed) t.fail(`${i}: ${before[i]} became ${after[i]}`);
  }
  t.pass();
});

t.test('a part of a buffer can be decoded into a part of another', async (t) => {
  const out = new Int16Array(6).fill(9);
  t.equal(decodeG711('PCMU', Uint8Array.from([0, 0x80, 0x80, 0]), out, 1, 3, 2), 2);
  t.same([...out], [9, 9, 32124, 32124, 9, 9]);
});
