import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import type { AcdInput, WaitingCall } from '../../routing/acd/acd.ts';
import type { FlowAction } from '../../routing/flow/flow.ts';
import { newId, type PersonId } from '../../shared/ids.ts';
import { silentLogger as log } from '../../shared/logger.ts';
import { type Centre, newCall } from '../call-state.ts';
import type { DigitSource } from '../inbound/digit-collector.ts';
import { type EarlierCalls, noEarlierCalls } from './earlier-calls.ts';
import { overflowed } from './queueing.ts';
import { type WaitNeeds, waitInQueue } from './wait-in-queue.ts';

const action: Extract<FlowAction, { kind: 'queue' }> = {
  kind: 'queue',
  queue: 'general',
  priority: 4,
  timeoutSeconds: 60,
  comfort: null,
  comfortEverySeconds: 30,
  skills: { english: 3 },
  sticky: { to: 'last-agent', seconds: 20 },
  announce: null,
  music: null,
  keys: [],
  overflow: ['timeout'],
};
const minute = 60_000;
const lastAgent = { personId: 'p_last' as PersonId, at: 0 };

function setup(
  more: { action?: Partial<typeof action>; earlier?: Partial<EarlierCalls>; key?: string; keptSince?: number } = {},
) {
  const clock = createFakeClock();
  const told: AcdInput[] = [];
  const parts = { clock, log, events: { append: async () => {} }, settings: { reentryMinutes: 10 } };
  const acd = {
    apply: async (input: AcdInput) => {
      told.push(input);
      return true;
    },
  };
  const callbacks = { comesBack: () => more.keptSince };
  const centre = { parts, acd, callbacks } as unknown as Centre;
  const fields = { direction: 'inbound', companyNumber: '+81310001111', trunk: null, phase: 'flow' } as const;
  const call = newCall({ id: newId('call'), startedAt: clock.now(), alias: null, log, ...fields });
  const digits = {
    collect: () => (more.key ? Promise.resolve({ kind: 'digits', digits: more.key }) : new Promise(() => {})),
  } as unknown as DigitSource;
  const needs: WaitNeeds = {
    action: { ...action, ...more.action },
    digits,
    language: 'ja',
    source: () => ({ kind: 'music' }),
    earlier: { ...noEarlierCalls, ...more.earlier },
    placeSince: null,
  };
  const ended = waitInQueue(centre, call, needs);
  const waiting = () =>
    told.flatMap((input) => (input.kind === 'callWaiting' ? [input.call] : [])).at(-1) as WaitingCall;
  return { clock, call, centre, ended, told, waiting };
}

t.test('the queues are told what the flow asks for: skills, the time, the agent of last time', async (t) => {
  const { waiting, call } = setup({ earlier: { known: true, lastAgent } });
  t.match(waiting(), {
    callId: call.id,
    queue: 'general',
    priority: 4,
    skills: [{ skill: 'english', level: 3 }],
    preferred: { personId: 'p_last', seconds: 20 },
    mostWaitSeconds: 60,
  });
  t.notOk('placeSince' in waiting(), 'whoever comes now waits since now');
  const other = setup({ action: { sticky: null, timeoutSeconds: null, skills: {} }, earlier: { lastAgent } });
  t.notOk(other.waiting().preferred ?? other.waiting().skills ?? other.waiting().mostWaitSeconds);
});

t.test(
  'whoever was cut off has the place of before, and the agent of before; later than agreed, or from another queue, not',
  async (t) => {
    const now = createFakeClock().now();
    const cutOff = {
      queue: 'general',
      since: now - 20 * minute,
      endedAt: now - 5 * minute,
      personId: 'p_then' as PersonId,
    };
    t.match(setup({ earlier: { cutOff, lastAgent } }).waiting(), {
      placeSince: now - 20 * minute,
      preferred: { personId: 'p_then' },
    });
    const late = { ...cutOff, endedAt: now - 11 * minute };
    t.notOk('placeSince' in setup({ earlier: { cutOff: late } }).waiting());
    t.notOk('placeSince' in setup({ earlier: { cutOff: { ...cutOff, queue: 'contracts' } } }).waiting());
    t.equal(setup({ keptSince: now - minute }).waiting().placeSince, now - minute, 'the place of a call back');
  },
);

t.test(
  'a key that the flow offers leaves the queue, and what the queue does for causes without a way is to keep the call',
  async (t) => {
    const keyed = setup({ action: { keys: ['5'] }, key: '5' });
    t.strictSame(await keyed.ended, { kind: 'key', digits: '5' });
    t.match(keyed.told.at(-1), { kind: 'callGone' });
    t.equal(keyed.call.phase, 'flow');

    const full = setup({ action: { overflow: ['full'] } });
    overflowed(full.centre, full.call, 'waited-too-long');
    t.equal(full.call.phase, 'queued', 'there is no way for it');
    t.match(full.told.at(-1), { kind: 'callWaiting', alwaysJoins: true });
    overflowed(full.centre, full.call, 'full');
    t.strictSame(await full.ended, { kind: 'overflow', cause: 'full' });
  },
);

t.test('nobody there when it comes is another cause than being left alone', async (t) => {
  const atTheDoor = setup({ action: { overflow: ['nobody', 'left-empty'] } });
  overflowed(atTheDoor.centre, atTheDoor.call, 'nobody-ready');
  t.strictSame(await atTheDoor.ended, { kind: 'overflow', cause: 'nobody' });
  const inside = setup({ action: { overflow: ['nobody', 'left-empty'] } });
  await Promise.resolve();
  await Promise.resolve();
  overflowed(inside.centre, inside.call, 'nobody-ready');
  t.strictSame(await inside.ended, { kind: 'overflow', cause: 'left-empty' });
});
