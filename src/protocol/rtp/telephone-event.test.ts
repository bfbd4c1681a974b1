import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import {
  DigitReceiver,
  DigitSender,
  type EventPacket,
  parseTelephoneEvent,
  type TelephoneEvent,
  writeTelephoneEvent,
} from './telephone-event.ts';

/** All packets of `digits`, one slot per 20 ms; undefined where audio would be. */
function keyed(digits: string, clockRateHz = 8000, durationMs = 100): (EventPacket | undefined)[] {
  const sender = new DigitSender({ clockRateHz, durationMs });
  sender.send(digits);
  const out: (EventPacket | undefined)[] = [];
  for (let slot = 0; sender.busy; slot++) out.push(sender.next(1000 + slot * (clockRateHz / 50)));
  return out;
}

function heard(slots: (EventPacket | undefined)[], clockRateHz = 8000): string {
  const receiver = new DigitReceiver({ clockRateHz });
  let out = '';
  const tail = Array.from({ length: 20 }, () => undefined);
  for (const [slot, packet] of [...slots, ...tail].entries()) {
    if (packet) for (const press of receiver.onPacket(packet.timestamp, packet, slot * 20)) out += press.digit;
    for (const press of receiver.silent(slot * 20)) out += press.digit;
  }
  return out;
}

t.test('a key press is a start, updates and three ends with one timestamp', async (t) => {
  for (const rate of [8000, 48000]) {
    const packets = keyed('5', rate).filter((each) => each !== undefined);
    t.same(
      packets.map((each) => each.marker),
      [true, false, false, false, false, false, false],
    );
    t.same(
      packets.map((each) => each.end),
      [false, false, false, false, true, true, true],
    );
    t.same(
      packets.map((each) => each.duration / (rate / 50)),
      [1, 2, 3, 4, 5, 5, 5],
    );
    t.equal(new Set(packets.map((each) => each.timestamp)).size, 1);
    t.equal(packets[0]!.event, 5);
  }
});

t.test('digits are told once each, with their duration', async (t) => {
  t.equal(heard(keyed('0123456789*#ABCD')), '0123456789*#ABCD');
  t.equal(heard(keyed('1111', 48000), 48000), '1111');
  const receiver = new DigitReceiver({ clockRateHz: 8000 });
  const told = keyed('7').flatMap((packet, i) => (packet ? receiver.onPacket(packet.timestamp, packet, i * 20) : []));
  t.same(told, [{ digit: '7', durationMs: 100 }]);
});

t.test('what is no digit is refused by name', async (t) => {
  t.equal(new DigitSender({ clockRateHz: 8000 }).send('1x2 '), 'x ');
});

t.test('lost starts, lost updates and lost ends change nothing', async (t) => {
  const slots = keyed('42');
  const without = (drop: (packet: EventPacket) => boolean) =>
    slots.map((each) => (each && !drop(each) ? each : undefined));
  t.equal(heard(without((each) => each.marker)), '42', 'no start');
  t.equal(heard(without((each) => each.end)), '42', 'no end');
  t.equal(heard(without((each) => !each.end)), '42', 'only ends');
  t.equal(heard(without((each) => !each.marker)), '42', 'only starts');
});

t.test('repeated and late packets are no second press', async (t) => {
  const slots = keyed('9').filter((each) => each !== undefined);
  t.equal(heard([...slots, ...slots, slots[0]]), '9');
  t.equal(heard([...keyed('98'), slots[1], slots.at(-1)]), '98');
  t.equal(heard([slots[6], slots[0], slots[2]]), '9', 'end first');
});

t.test('random loss up to 30 % and reordering of neighbours keep every digit once', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let run = 0; run < 300; run++) {
    const digits = Array.from({ length: 6 }, () => random.pick([...'0123456789*#'])).join('');
    const slots = keyed(digits, 8000, 120).map((each) => (random.next() < 0.3 ? undefined : each));
    for (let i = 1; i < slots.length; i++) {
      if (random.next() < 0.1) [slots[i - 1], slots[i]] = [slots[i], slots[i - 1]];
    }
    // A press all of whose packets are lost cannot be heard.
    const timestamps = new Set(slots.flatMap((each) => (each ? [each.timestamp] : [])));
    if (timestamps.size === 6 && heard(slots) !== digits)
      return t.fail(`${digits} became ${heard(slots)}, seed ${seed}`);
  }
  t.pass();
});

t.test('a key held longer than one segment is one press', async (t) => {
  const receiver = new DigitReceiver({ clockRateHz: 48000 });
  const told: unknown[] = [];
  const event = (duration: number, end = false): TelephoneEvent => ({ event: 3, end, volume: 10, duration });
  for (let i = 1; i <= 68; i++) told.push(...receiver.onPacket(5000, event(i * 960), i * 20));
  told.push(...receiver.onPacket(5000, event(0xffff), 1380));
  told.push(...receiver.onPacket(5000 + 0xffff, event(960), 1400));
  told.push(...receiver.onPacket(5000 + 0xffff, event(1920, true), 1420));
  t.same(told, [{ digit: '3', durationMs: Math.round((0xffff + 1920) / 48) }]);
});

t.test('events that are no digits, short payloads and random packets do no harm', async (t) => {
  t.equal(parseTelephoneEvent(Buffer.alloc(3)), 'too-short');
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const receiver = new DigitReceiver({ clockRateHz: 8000 });
  const until = Date.now() + 500;
  const bytes = Buffer.alloc(8);
  for (let now = 0; Date.now() < until; now += 20) {
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.integer(0, 256);
    const event = parseTelephoneEvent(bytes, random.integer(0, 8), random.integer(0, 12));
    if (typeof event === 'string') continue;
    for (const press of receiver.onPacket(random.integer(0, 2 ** 32), event, now)) {
      if (!/^[0-9*#A-D]$/.test(press.digit)) return t.fail(`seed ${seed}: ${press.digit}`);
    }
    receiver.silent(now);
  }
  writeTelephoneEvent(bytes, 0, { event: 11, end: true, volume: 10, duration: 800 });
  t.same(parseTelephoneEvent(bytes), { event: 11, end: true, volume: 10, duration: 800 });
});
