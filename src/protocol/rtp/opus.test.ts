import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { loadOpus } from './opus.ts';

const opus = await loadOpus();

const sine = (hz: number, rateHz: number, from: number, count: number) =>
  Int16Array.from({ length: count }, (_, i) => Math.round(8000 * Math.sin((2 * Math.PI * hz * (from + i)) / rateHz)));

const level = (samples: Int16Array) => Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);

/** Share of the energy at one frequency. */
function share(samples: Int16Array, hz: number, rateHz: number): number {
  let re = 0;
  let im = 0;
  let all = 0;
  for (const [i, each] of samples.entries()) {
    re += each * Math.cos((2 * Math.PI * hz * i) / rateHz);
    im += each * Math.sin((2 * Math.PI * hz * i) / rateHz);
    all += each * each;
  }
  return ((re * re + im * im) * 2) / samples.length / all;
}

t.test('a tone passes encoder and decoder, at every pair of rates', async (t) => {
  for (const inHz of [8000, 16000, 48000] as const) {
    for (const outHz of [8000, 48000] as const) {
      const encoder = opus.createEncoder({ sampleRateHz: inHz });
      const decoder = opus.createDecoder({ sampleRateHz: outHz });
      const frame = new Int16Array(5760);
      const out: number[] = [];
      for (let i = 0; i < 25; i++) {
        const packet = encoder.encode(sine(440, inHz, (i * inHz) / 50, inHz / 50));
        t.ok(packet.length > 2 && packet.length < 200);
        t.equal(decoder.decode(packet, frame), outHz / 50);
        out.push(...frame.subarray(0, outHz / 50));
      }
      const end = Int16Array.from(out).subarray(out.length / 2);
      t.ok(share(end, 440, outHz) > 0.95, `${inHz} → ${outHz}`);
      t.ok(Math.abs(level(end) / level(sine(440, inHz, 0, 800)) - 1) < 0.2);
      encoder.free();
      decoder.free();
    }
  }
});

t.test('a lost packet is concealed with something like it, and by FEC too', async (t) => {
  const encoder = opus.createEncoder({ sampleRateHz: 48000, expectedLossPercent: 20 });
  const decoder = opus.createDecoder({ sampleRateHz: 8000 });
  const frame = new Int16Array(160);
  for (let i = 0; i < 10; i++) decoder.decode(encoder.encode(sine(300, 48000, i * 960, 960)), frame);
  t.equal(decoder.conceal(frame, 160), 160);
  t.ok(level(frame) > 1000, `${level(frame)}`);
  const following = Uint8Array.from(encoder.encode(sine(300, 48000, 11 * 960, 960)));
  t.equal(decoder.conceal(frame, 160, following), 160);
  encoder.free();
  decoder.free();
});

t.test('what is no Opus packet is refused and does no harm', async (t) => {
  const decoder = opus.createDecoder({ sampleRateHz: 48000 });
  const frame = new Int16Array(5760);
  t.equal(decoder.decode(new Uint8Array(0), frame), -1);
  t.equal(decoder.decode(new Uint8Array(2000), frame), -1);
  t.equal(decoder.decode(Uint8Array.of(0xff, 0x00), frame), -1);
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let run = 0; run < 500; run++) {
    const packet = Uint8Array.from({ length: 1 + (run % 90) }, () => random.integer(0, 256));
    const count = decoder.decode(packet, frame);
    if (count < -1 || count > 5760) t.fail(`${count}`);
  }
  decoder.free();
  decoder.free();
});

t.test('codecs are given back, and the process keeps its own listeners', async (t) => {
  t.equal(process.listenerCount('unhandledRejection') <= 1, true);
  for (let i = 0; i < 500; i++) opus.createEncoder({ sampleRateHz: 8000 }).free();
  t.equal(typeof fetch, 'function');
});
