import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { JitterBuffer, type JitterPacket, type Taken } from './jitter-buffer.ts';

const packet = (i: number): JitterPacket => ({
  payload: Uint8Array.of(i & 0xff),
  start: 0,
  end: 1,
  payloadType: 0,
  timestamp: (i * 160) >>> 0,
  sequence: i & 0xffff,
});

const name = (taken: Taken) => (typeof taken === 'string' ? taken : taken.sequence);

/** Packets `arrivals[i]` ms after the start; one take each 20 ms. */
function play(
  arrivals: (number | undefined)[],
  buffer = new JitterBuffer({ clockRateHz: 8000 }),
  first = 0,
): (string | number)[] {
  const out: (string | number)[] = [];
  const sent = arrivals
    .flatMap((at, i) => (at === undefined ? [] : [{ at, i: i + first }]))
    .sort((a, b) => a.at - b.at);
  let k = 0;
  for (let now = 0; now < arrivals.length * 20 + 200; now += 20) {
    for (; k < sent.length && sent[k]!.at <= now; k++) buffer.put(packet(sent[k]!.i), sent[k]!.at);
    out.push(name(buffer.take()));
  }
  return out;
}

const steady = (count: number) => Array.from({ length: count }, (_, i) => i * 20);
const heard = (out: (string | number)[]) => out.filter((each) => typeof each === 'number');

t.test('a steady stream comes out whole, in order, one packet behind', async (t) => {
  const out = play(steady(100));
  t.equal(out[0], 'filling');
  t.same(
    heard(out),
    steady(100).map((_, i) => i),
  );
  t.notOk(out.slice(0, 99).includes('empty'));
});

t.test('sequence numbers and timestamps may go round', async (t) => {
  const out = play(steady(40), undefined, 65520);
  t.same(
    heard(out),
    Array.from({ length: 40 }, (_, i) => (65520 + i) & 0xffff),
  );
});

t.test('a lost packet is told in its place, a reordered one is put in its place', async (t) => {
  const out = play(steady(20).map((at, i) => (i === 7 ? undefined : at)));
  t.same(out.slice(out.indexOf(6), out.indexOf(8) + 1), [6, 'lost', 8]);
  const swapped = play(
    steady(40).map((at, i) => (i === 7 ? at + 25 : at)),
    new JitterBuffer({ clockRateHz: 8000, minDelayMs: 40 }),
  );
  t.same(
    heard(swapped),
    steady(40).map((_, i) => i),
  );
});

t.test('jitter raises the delay until nothing is late, and calm lowers it again', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? 42);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const buffer = new JitterBuffer({ clockRateHz: 8000 });
  const arrivals = steady(2000).map((at, i) => (i < 500 ? at + random.next() * 70 : at));
  const out = play(arrivals, buffer);
  // While it learns some are late or the buffer runs dry; after three seconds nothing is lost.
  const shaken = out.slice(150, 500);
  t.ok(
    shaken.filter((each) => typeof each !== 'number').length <= 3,
    JSON.stringify(shaken.filter((each) => typeof each !== 'number')),
  );
  t.ok(buffer.skipped >= 2, `${buffer.skipped} skipped after the jitter ended`);
  t.equal(buffer.targetMs, 20);
  t.ok(heard(out).length + buffer.late + buffer.skipped >= 2000);
});

t.test('a pause of the sender is emptiness, not loss', async (t) => {
  const arrivals = steady(200).map((at, i) => (i < 50 ? at : at + 2000));
  const buffer = new JitterBuffer({ clockRateHz: 8000 });
  const out = play(arrivals, buffer);
  t.equal(buffer.lost, 0);
  t.equal(buffer.targetMs, 20);
  t.ok(out.includes('empty'));
});

t.test('duplicates are dropped, a new source starts anew', async (t) => {
  const buffer = new JitterBuffer({ clockRateHz: 8000 });
  t.equal(buffer.put(packet(10), 0), 'stored');
  t.equal(buffer.put(packet(10), 1), 'duplicate');
  t.equal(buffer.put(packet(9), 2), 'stored', 'before anything was played');
  buffer.put(packet(11), 20);
  t.equal(name(buffer.take()), 9);
  t.equal(buffer.put(packet(9), 21), 'late');
  t.equal(buffer.put(packet(30000), 40), 'stored');
  t.equal(name(buffer.take()), 'filling');
  buffer.put(packet(30001), 60);
  t.equal(name(buffer.take()), 30000);
});

t.test('a packet from before the roll-over that comes after the first one is put before it', async (t) => {
  const buffer = new JitterBuffer({ clockRateHz: 8000 });
  buffer.put({ ...packet(0), timestamp: 160 }, 0);
  t.equal(buffer.put({ ...packet(65535), timestamp: 0 }, 1), 'stored');
  buffer.put({ ...packet(1), timestamp: 320 }, 20);
  t.same([name(buffer.take()), name(buffer.take()), name(buffer.take())], [65535, 0, 1]);
});

t.test('any order of any packets ends, in sequence', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const buffer = new JitterBuffer({ clockRateHz: 8000 });
  for (let i = 0; i < 50_000; i++) {
    const each = packet(random.integer(0, 65536));
    each.timestamp = random.integer(0, 2 ** 32);
    buffer.put(each, i * random.integer(1, 40));
    buffer.take();
    if (buffer.targetMs > 200 || buffer.bufferedMs < 0) return t.fail(`seed ${seed}`);
  }
  t.pass();
});

t.test('when nothing more will come, what is there is due', async (t) => {
  const buffer = new JitterBuffer({ clockRateHz: 8000 });
  buffer.finish();
  t.equal(buffer.take(), 'filling', 'nothing is nothing');
  buffer.put(packet(7), 0);
  t.equal(buffer.take(), 'filling');
  buffer.finish();
  t.equal(name(buffer.take()), 7);
  t.equal(buffer.take(), 'empty');
});
