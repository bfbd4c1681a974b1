import t from 'tap';
import { addSamples, Mixer, scaleSamples } from './mixer.ts';

t.test('everybody hears the others and not themselves', async (t) => {
  const mixer = new Mixer(2);
  const speakers = [Int16Array.of(100, -100), Int16Array.of(20, 20), Int16Array.of(3, 3)];
  for (const each of speakers) mixer.add(each);
  const out = new Int16Array(2);
  mixer.mixInto(out, speakers[0]);
  t.same([...out], [23, 23]);
  mixer.mixInto(out);
  t.same([...out], [123, -77]);
  mixer.clear();
  mixer.mixInto(out);
  t.same([...out, mixer.speakers], [0, 0, 0]);
});

t.test('too loud is the loudest, not the opposite', async (t) => {
  const mixer = new Mixer(2);
  const loud = Int16Array.of(30000, -30000);
  mixer.add(loud);
  mixer.add(loud);
  const out = new Int16Array(2);
  mixer.mixInto(out);
  t.same([...out], [32767, -32768]);
  mixer.mixInto(out, loud);
  t.same([...out], [30000, -30000]);
  addSamples(out, loud);
  t.same([...out], [32767, -32768]);
  scaleSamples(out, 0.5);
  t.same([...out], [16383, -16384]);
});
