import t from 'tap';
import { encodeG711 } from '../protocol/rtp/g711.ts';
import { seededRandom } from '../shared/random.ts';
import { readWav, writeWav } from './wav.ts';

const samples = Int16Array.of(0, 1000, -1000, 32767, -32768);

/** A file with any fmt chunk. */
function file(code: number, channels: number, bits: number, data: Buffer, rate = 8000): Buffer {
  const format = Buffer.alloc(16);
  format.writeUInt16LE(code, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt16LE(bits, 14);
  const chunk = (name: string, body: Buffer) => {
    const head = Buffer.alloc(8);
    head.write(name, 0, 'latin1');
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  };
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    chunk('LIST', Buffer.from('abc')),
    chunk('fmt ', format),
    chunk('data', data),
  ]);
  return chunk('RIFF', body);
}

t.test('what is written is read', async (t) => {
  t.same(readWav(writeWav({ sampleRateHz: 16_000, samples })), {
    kind: 'ok',
    sound: { sampleRateHz: 16_000, samples },
  });
});

t.test('channels become one, and chunks in between are passed over', async (t) => {
  const stereo = Buffer.alloc(8);
  for (const [i, value] of [100, 300, -100, -301].entries()) stereo.writeInt16LE(value, i * 2);
  const read = readWav(file(1, 2, 16, stereo));
  t.same(read.kind === 'ok' && [...read.sound.samples], [200, -200]);
});

t.test('eight bits and both laws are understood', async (t) => {
  const bytes = readWav(file(1, 1, 8, Buffer.of(128, 255, 0)));
  t.same(bytes.kind === 'ok' && [...bytes.sound.samples], [0, 127 << 8, -32768]);
  for (const [code, law] of [
    [7, 'PCMU'],
    [6, 'PCMA'],
  ] as const) {
    const codes = Buffer.alloc(2);
    encodeG711(law, Int16Array.of(1000, -8000), codes);
    const read = readWav(file(code, 1, 8, codes));
    t.ok(
      read.kind === 'ok' &&
        Math.abs(read.sound.samples[0]! - 1000) < 40 &&
        Math.abs(read.sound.samples[1]! + 8000) < 300,
    );
  }
});

t.test('a data chunk that promises more than there is gives what there is', async (t) => {
  const streamed = writeWav({ sampleRateHz: 8000, samples });
  streamed.writeUInt32LE(0xffffffff, 40);
  t.match(readWav(streamed), { kind: 'ok', sound: { samples } });
});

t.test('what is no sound is refused with a reason', async (t) => {
  for (const bad of [
    Buffer.from('no'),
    Buffer.from('RIFFxxxxWAVE'),
    file(3, 1, 32, Buffer.alloc(8)),
    file(1, 0, 16, Buffer.alloc(8)),
    file(1, 1, 16, Buffer.alloc(8), 7),
  ]) {
    t.match(readWav(bad), { kind: 'invalid', because: String });
  }
});

t.test('a damaged file never throws', async (t) => {
  const seed = Date.now();
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const whole = file(1, 2, 16, Buffer.alloc(400, 7));
  for (let i = 0; i < 5000; i++) {
    const damaged = Buffer.from(whole.subarray(0, random.integer(0, whole.length + 1)));
    for (let change = 0; change < 4 && damaged.length > 0; change++) {
      damaged[random.integer(0, damaged.length)] = random.integer(0, 256);
    }
    readWav(damaged);
  }
  t.pass('5000 of them');
});
