import t from 'tap';
import { stereo } from '../../test/support/media/tap-client.ts';
import { createSilenceWatch } from './silence.ts';

const said = (ms: number) => stereo({ leftHz: 440, rightHz: 0, ms });
const silent = (ms: number, rightHz = 0) => stereo({ leftHz: 0, rightHz, ms });

t.test('silence of the party is told once, however loud the other side is', async (t) => {
  const watch = createSilenceWatch(2000);
  t.notOk(watch.push(said(500)));
  t.notOk(watch.push(silent(1900, 660)));
  t.ok(watch.push(silent(200, 660)));
  t.notOk(watch.push(silent(5000)), 'once');
});

t.test('whoever speaks again begins a new silence', async (t) => {
  const watch = createSilenceWatch(2000);
  for (let i = 0; i < 5; i += 1) {
    t.notOk(watch.push(silent(1500)));
    t.notOk(watch.push(said(200)));
  }
  t.notOk(watch.push(silent(1900)));
  t.ok(watch.push(silent(100)));
});

t.test('the noise of a line is silence', async (t) => {
  const watch = createSilenceWatch(100);
  const noise = Buffer.alloc(3200);
  for (let at = 0; at < noise.length; at += 4) noise.writeInt16LE((at % 3) * 30 - 30, at);
  t.ok(watch.push(noise));
  t.notOk(createSilenceWatch(100).push(Buffer.alloc(0)));
});
