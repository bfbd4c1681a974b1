import t from 'tap';
import { Concealment } from './conceal.ts';

const frame = (hz: number, n: number) =>
  Int16Array.from({ length: 160 }, (_, i) => Math.round(8000 * Math.sin((2 * Math.PI * hz * (n * 160 + i)) / 8000)));

const level = (samples: Int16Array) => Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);

t.test('one lost frame of a tone is hardly a gap: no step at its edges, most of its level kept', async (t) => {
  for (const hz of [120, 200, 330, 440]) {
    const concealment = new Concealment();
    const out: number[] = [];
    for (let n = 0; n < 8; n++) {
      const audio = frame(hz, n);
      if (n === 5) concealment.conceal(audio);
      else concealment.good(audio);
      out.push(...audio);
    }
    const steepest = 8000 * 2 * Math.sin((Math.PI * hz) / 8000);
    const steps = out.slice(1).map((each, i) => Math.abs(each - out[i]!));
    t.ok(
      Math.max(...steps) < steepest * 2.2 + 300,
      `${hz} Hz: largest step ${Math.max(...steps)}, steepest ${steepest}`,
    );
    t.ok(level(Int16Array.from(out.slice(800, 960))) > 3000, `${hz} Hz`);
  }
});

t.test('a long gap fades to silence, and silence stays silent', async (t) => {
  const concealment = new Concealment();
  for (let n = 0; n < 5; n++) concealment.good(frame(200, n));
  const audio = new Int16Array(160);
  const levels = Array.from({ length: 5 }, () => {
    concealment.conceal(audio);
    return level(audio);
  });
  t.ok(levels[0]! > levels[1]! && levels[1]! > levels[2]!);
  t.same(levels.slice(3), [0, 0]);
  const quiet = new Concealment();
  quiet.conceal(audio);
  t.equal(level(audio), 0);
});
