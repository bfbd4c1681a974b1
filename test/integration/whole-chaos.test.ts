// Two agents, some customers, and everything that they can do, in random order and with hardly a pause: whatever happens,
// nothing is left behind, nobody is stuck, every record is closed, and the program lives. CHAOS_SEED repeats a run.

import { randomInt } from 'node:crypto';
import t from 'tap';
import { seededRandom } from '../../src/shared/random.ts';
import { aWhile, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';
import type { Customer } from '../support/sip/carrier.ts';

const steps = 220;
const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(1, 2 ** 31));
const random = seededRandom(seed);
const pick = <T>(items: readonly T[]): T => items[random.integer(0, items.length)]!;

const centre = await startCentre(t, { ringTimeoutSeconds: 3, calls: { reattachSeconds: 5, deskAnswerSeconds: 3 } });
const hanako = await centre.desk('hanako', 660);
const taro = await centre.desk('taro', 790);
const desks = [hanako, taro];
const customers: Customer[] = [];

const command = (name: string, body?: unknown) => async (desk: RobotDesk) => {
  const id = desk.view.call?.id ?? desk.line?.callId;
  if (!id) return;
  const { status } = await desk.rest('POST', `/api/v1/calls/${id}/commands/${name}`, body);
  if (status >= 500) throw new Error(`${name}: ${status}`);
};

const acts: Record<string, (desk: RobotDesk) => Promise<unknown> | unknown> = {
  available: (desk) => desk.rest('PUT', '/api/v1/desk/state', { state: 'available' }),
  ready: (desk) => desk.rest('PUT', '/api/v1/desk/state', { state: 'available' }),
  'not ready': (desk) => desk.rest('PUT', '/api/v1/desk/state', { state: 'not-ready' }),
  'call in': () => callIn(),
  'call in again': () => callIn(),
  answer: answer,
  'answer then': answer,
  'answer now': answer,
  'customer hangs up': () => {
    const [customer] = customers.splice(random.integer(0, Math.max(1, customers.length)), 1);
    if (customer && customer.state !== 'ended') customer.hangUp();
  },
  hold: command('hold'),
  resume: command('resume'),
  mute: command('mute'),
  unmute: command('unmute'),
  digits: command('digits', { digits: '5' }),
  reject: command('reject'),
  attach: command('attach'),
  'to general': command('transfer', { queue: 'general' }),
  'to contracts': command('transfer', { queue: 'contracts' }),
  reason: command('reason', { reason: 'payment' }),
  'hang up': command('hangup'),
  bye: (desk) => desk.line?.state === 'answered' && desk.bye(),
  refuse: (desk) => desk.line?.state === 'ringing' && desk.refuse(),
  'drop the WebSocket': (desk) => desk.dropWebSocket(),
  connect: (desk) => desk.connectPhone(),
  reconnect: (desk) => desk.connectPhone(),
  'fall silent': (desk) => desk.line?.state === 'answered' && desk.line.media.close(),
  dial(desk) {
    centre.carrier.next(pick([{ answer: { toneHz: 440 } }, { refuse: 486 }, 'ring' as const]));
    return desk.dial({ number: '08011112222' });
  },
};

async function callIn() {
  if (customers.length >= 4) return;
  const dialled = pick([numbers.product, numbers.contract, numbers.noReason]);
  customers.push(await centre.carrier.callIn({ dialled, toneHz: 440 }));
}

async function answer(desk: RobotDesk) {
  if (desk.line?.state === 'ringing') await desk.answer();
}

t.test(`nothing is left after ${steps} random steps (CHAOS_SEED=${seed})`, async (t) => {
  const faults: string[] = [];
  const story: string[] = [];
  for (let step = 0; step < steps; step++) {
    const desk = pick(desks);
    const name = pick(Object.keys(acts));
    story.push(`${desk.login} ${name}`);
    const done = Promise.resolve(acts[name]!(desk)).catch((thrown: unknown) => faults.push(`${name}: ${thrown}`));
    await Promise.race([done, aWhile(random.integer(0, 150))]);
    await aWhile(random.integer(0, 60));
  }
  for (const customer of customers) if (customer.state !== 'ended' && customer.state !== 'refused') customer.hangUp();
  for (const { customer } of centre.carrier.called) if (customer.state === 'talking') customer.hangUp();
  for (const desk of desks) await desk.connectPhone();
  await aWhile(500);
  for (const desk of desks) await command('hangup')(desk);
  t.strictSame(faults, [], 'no request failed with a fault of ours');
  try {
    await centre.atRest(30_000);
    await rest(...desks);
    await centre.atRest();
  } catch (thrown) {
    t.comment(story.join('\n'));
    throw thrown;
  }
  for (const desk of desks) {
    t.equal(desk.view.call, null);
    // What ended while the WebSocket was away cannot have been heard of; a page learns it from its desk.
    const left = desk.lines.filter((line) => line.state !== 'ended' && line.reachable);
    t.strictSame(
      left.map(({ callId, purpose, state }) => ({ callId, purpose, state })),
      [],
      `${desk.login} has no line`,
    );
  }
  t.equal(centre.engawa.child.exitCode, null, 'the program lives');

  const { items } = await centre.engawa.get<{ items: Awaited<ReturnType<typeof centre.call>>[] }>(
    '/api/v1/calls?limit=100',
  );
  t.ok(items.length > 5, `${items.length} calls`);
  for (const call of items) {
    const closed = call.endedAt !== null && call.segments.every((segment) => segment.endedAt !== null);
    if (!closed) t.fail(`the record of ${call.id} is open: ${JSON.stringify(call)}`);
    const ends = (await centre.events(call.id)).filter((event) => event.type === 'call-ended');
    if (ends.length !== 1) t.fail(`${call.id} ended ${ends.length} times`);
    for (const id of call.recordingIds) {
      const row = await centre.engawa.get<{ state: string }>(`/api/v1/recordings/${id}`);
      if (row.state !== 'complete') t.fail(`recording ${id} is ${row.state}`);
    }
  }
  const loud = centre.engawa
    .log()
    .split('\n')
    .filter((line) => /"level":(50|60)/.test(line) && !/database/.test(line));
  t.strictSame(loud, [], 'no error in the log, but what a busy machine makes of its database');
});
