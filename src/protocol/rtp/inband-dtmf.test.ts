import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { dtmfTone, InbandDtmfDetector } from './inband-dtmf.ts';

const silence = (ms: number) => new Int16Array(ms * 8);

function join(...parts: Int16Array[]): Int16Array {
  const out = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function heard(audio: Int16Array): string {
  const detector = new InbandDtmfDetector();
  let out = '';
  const padded = join(audio, silence(100));
  for (let at = 0; at < padded.length; at += 160) {
    for (const press of detector.push(padded.subarray(at, at + 160))) out += press.digit;
  }
  return out;
}

/** Two sines of free frequency and level. */
const pair = (lowHz: number, highHz: number, ms: number, low = 5000, high = 5000) =>
  Int16Array.from({ length: ms * 8 }, (_, i) =>
    Math.round(low * Math.sin((2 * Math.PI * lowHz * i) / 8000) + high * Math.sin((2 * Math.PI * highHz * i) / 8000)),
  );

const digits = '0123456789*#ABCD';

t.test('every digit is heard once, at usual and at shortest length, whatever the alignment', async (t) => {
  for (const ms of [45, 70, 100, 400]) {
    for (const shift of [0, 3, 7]) {
      const audio = join(silence(20 + shift), ...[...digits].flatMap((each) => [dtmfTone(each, ms)!, silence(50)]));
      t.equal(heard(audio), digits, `${ms} ms, ${shift} ms later`);
    }
  }
});

t.test('the length of a press is told', async (t) => {
  const detector = new InbandDtmfDetector();
  const presses = detector.push(join(silence(30), dtmfTone('5', 200)!, silence(100)));
  t.equal(presses.length, 1);
  t.ok(Math.abs(presses[0]!.durationMs - 200) < 30, `${presses[0]!.durationMs} ms`);
});

t.test('frequencies within 1.5 % and twist within limits are accepted; 3.5 % off and wild twist are not', async (t) => {
  for (const factor of [0.985, 1, 1.015]) {
    for (const [low, high, digit] of [
      [697, 1209, '1'],
      [852, 1477, '9'],
      [941, 1633, 'D'],
    ] as const) {
      t.equal(heard(pair(low * factor, high * factor, 80)), digit, `${digit} × ${factor}`);
    }
  }
  t.equal(heard(pair(770 * 1.035, 1336 * 1.035, 100)), '');
  t.equal(heard(pair(770, 1336, 100, 3000, 6000)), '5', 'column 6 dB stronger');
  t.equal(heard(pair(770, 1336, 100, 1000, 6000)), '', 'column 15 dB stronger');
  t.equal(heard(pair(770, 1336, 100, 6000, 2000)), '', 'row 9.5 dB stronger');
});

t.test('loud and faint tones are heard, very short ones and single ones are not', async (t) => {
  t.equal(heard(dtmfTone('7', 80, { amplitude: 15000 })!), '7');
  t.equal(heard(dtmfTone('7', 80, { amplitude: 400 })!), '7');
  t.equal(heard(dtmfTone('7', 80, { amplitude: 40 })!), '');
  t.equal(heard(dtmfTone('7', 20)!), '');
  t.equal(heard(pair(770, 1336, 200, 5000, 0)), '');
});

t.test('noise of a fifth of the level leaves digits standing; a gap of 8 ms does not split one', async (t) => {
  const random = seededRandom(7);
  const tone = dtmfTone('3', 100)!.map((each) => each + Math.round((random.next() - 0.5) * 3500));
  t.equal(heard(tone), '3');
  const gap = dtmfTone('8', 150)!;
  gap.fill(0, 500, 564);
  t.equal(heard(gap), '8');
});

t.test('noise and chords give no digits; 200 seconds of the vowels most like digits give few', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? 20240607);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  let told = '';
  for (let run = 0; run < 400; run++) {
    // A voice: harmonics of a gliding pitch under two formants, with a little noise.
    const pitch = random.integer(90, 300);
    const glide = 1 + (random.next() - 0.5) * 0.2;
    const formants = [random.integer(300, 900), random.integer(900, 2400)];
    const audio = new Int16Array(8000 * 0.5);
    let phase = 0;
    for (let i = 0; i < audio.length; i++) {
      phase += (2 * Math.PI * pitch * (1 + ((glide - 1) * i) / audio.length)) / 8000;
      let value = 0;
      for (let k = 1; k * pitch < 3600; k++) {
        const near = formants.reduce((sum, hz) => sum + 1 / (1 + ((k * pitch - hz) / 120) ** 2), 0.02);
        value += near * Math.sin(k * phase);
      }
      audio[i] = Math.max(-32768, Math.min(32767, value * 4000 + (random.next() - 0.5) * 300));
    }
    told += heard(audio);
  }
  t.ok(told.length <= 8, `vowels: ${told}`);
  told = '';
  for (let run = 0; run < 50; run++) {
    told += heard(Int16Array.from({ length: 4000 }, () => random.integer(-12000, 12000)));
    const chord = [1, 1.26, 1.5].map((step) => step * random.integer(200, 900));
    told += heard(
      Int16Array.from({ length: 4000 }, (_, i) =>
        chord.reduce((sum, hz) => sum + 4000 * Math.sin((2 * Math.PI * hz * i) / 8000), 0),
      ),
    );
  }
  t.equal(told, '');
});
