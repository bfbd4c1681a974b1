import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { createFrameMeter } from './frame-meter.ts';

function frame({
  size,
  opcode = 1,
  last = true,
  masked = true,
  reserved = 0,
}: {
  size: number;
  opcode?: number;
  last?: boolean;
  masked?: boolean;
  reserved?: number;
}): Buffer {
  const mask = masked ? 0x80 : 0;
  const head = [(last ? 0x80 : 0) | reserved | opcode];
  if (size < 126) head.push(mask | size);
  else if (size < 65_536) head.push(mask | 126, size >> 8, size & 255);
  else head.push(mask | 127, 0, 0, 0, 0, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0, 7), Buffer.alloc(size, 0x81)]);
}
const limits = { messageBytes: 65_536, messagesPerSecond: 20 };

t.test('messages within the limits pass, however they are cut up', async (t) => {
  const seed = Date.now() % 100_000;
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const stream = Buffer.concat([0, 1, 125, 126, 127, 65_535, 65_536, 400].map((size) => frame({ size })));
  for (let round = 0; round < 20; round++) {
    const meter = createFrameMeter(limits);
    for (let at = 0; at < stream.length; ) {
      const next = at + random.integer(1, round % 2 ? 400 : 40_000);
      if (meter.see(stream.subarray(at, next), 0)) t.fail(`stopped at byte ${at}`);
      at = next;
    }
    t.match(meter.see(frame({ size: 65_537 }), 0), { status: 1009 }, 'and it is in step at the end');
  }
});

t.test('a message that is too large is seen, whole or in pieces', async (t) => {
  t.match(createFrameMeter(limits).see(frame({ size: 65_537 }), 0), { status: 1009 });
  const meter = createFrameMeter(limits);
  t.equal(meter.see(frame({ size: 40_000, last: false }), 0), undefined);
  t.equal(meter.see(frame({ size: 5, opcode: 9 }), 0), undefined, 'a ping between the pieces is not part of it');
  t.match(meter.see(frame({ size: 40_000, opcode: 0 }), 0), { status: 1009 });
  const huge = Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  t.match(createFrameMeter(limits).see(huge, 0), { status: 1009 });
});

t.test('a flood is seen, a burst is let through', async (t) => {
  const meter = createFrameMeter(limits);
  const small = frame({ size: 4 });
  const many = (count: number, nowMs: number) => Array.from({ length: count }, () => meter.see(small, nowMs)).at(-1);
  t.equal(many(200, 0), undefined);
  t.equal(many(20, 1000), undefined, 'it goes on as time passes');
  t.match(many(1, 1000), { status: 1008 });
  const pieces = createFrameMeter(limits);
  const empty = frame({ size: 0, opcode: 0, last: false });
  const faults = Array.from({ length: 201 }, () => pieces.see(empty, 0));
  t.match(faults.at(-1), { status: 1008 }, 'empty pieces count, too');
});

t.test('what a browser would not send is a protocol error', async (t) => {
  const bad = [
    frame({ size: 4, masked: false }),
    frame({ size: 4, reserved: 0x40 }),
    frame({ size: 4, opcode: 3 }),
    frame({ size: 126, opcode: 9 }),
    frame({ size: 4, opcode: 8, last: false }),
  ];
  for (const bytes of bad) t.match(createFrameMeter(limits).see(bytes, 0), { status: 1002 });
});
