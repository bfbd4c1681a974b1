// Promises to call back without telephones: one node of several keeps each place, another one goes on when it is gone; what expires
// or is given up is told once.

import t from 'tap';
import { type CallState, type Centre, newCall } from '../../src/call/call-state.ts';
import { claimsAmongNodes } from '../../src/call/callback/callback-claims.ts';
import { type CallbackKeeper, createCallbacks } from '../../src/call/callback/callbacks.ts';
import type { Alias } from '../../src/privacy/vault.ts';
import type { AcdInput, WaitingCall } from '../../src/routing/acd/acd.ts';
import type { NewEvent } from '../../src/shared/events.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { createMemoryHub } from '../../src/store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../src/store/live/memory-live-state.ts';
import type { CallbackRow } from '../../src/store/waiting-work.ts';
import { eventually } from '../support/eventually.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const minute = 60_000;
const wanted = { alias: 'K7Q4-M2XD' as Alias, queue: 'general', priority: 0, skills: {}, waitingSince: 5 };

/** What all nodes have: the rows as the log makes them. */
function company() {
  const clock = createFakeClock();
  const rows = new Map<string, CallbackRow>();
  const events: NewEvent[] = [];
  const append = async (event: NewEvent) => {
    events.push(event);
    if (event.type === 'callback-kept') {
      const { type: _, ...fields } = event;
      const now = clock.now();
      const rest = { requestedAt: now, nextAt: now, attempts: 0, endedAt: null, endedBecause: null, personId: null };
      rows.set(event.callId, { ...fields, ...rest });
    }
    const row = 'callId' in event && event.callId ? rows.get(event.callId) : undefined;
    if (row && event.type === 'callback-ended')
      Object.assign(row, { endedAt: clock.now(), endedBecause: event.because });
  };
  return { clock, rows, events, append, hub: createMemoryHub({ clock }) };
}

async function node({ clock, rows, append, hub }: ReturnType<typeof company>) {
  const live = await createMemoryLiveState({ hub, clock });
  const line = new Map<string, WaitingCall>();
  const calls = new Map<string, CallState>();
  const callbackRows = {
    list: async () => [...rows.values()].filter(({ endedAt }) => endedAt === null),
    byCall: async (callId: string) => rows.get(callId),
  };
  const acd = {
    async apply(input: AcdInput) {
      if (input.kind === 'callWaiting') line.set(input.call.callId, input.call);
      if (input.kind === 'callGone') line.delete(input.callId);
      return true;
    },
  };
  const settings = { callbacks: { attempts: 2, retryMinutes: 10, expireHours: 1, ringSeconds: 30 } };
  const parts = { clock, log, callbackRows, settings, events: { append }, reason: () => undefined };
  const centre = { parts, acd, calls } as unknown as Centre;
  const keeper: CallbackKeeper = createCallbacks(() => centre, claimsAmongNodes({ live, log }));
  keeper.start();
  return { keeper, line, live, calls };
}

function callOf({ clock }: ReturnType<typeof company>): CallState {
  const fields = { direction: 'inbound', companyNumber: '+81310001111', trunk: null, phase: 'flow' } as const;
  return newCall({ id: newId('call'), startedAt: clock.now(), alias: wanted.alias, log, ...fields });
}

/** Time goes on meanwhile: what could not be done at once is done at the next look. */
type Line = Map<string, WaitingCall>;
const waits = ({ clock }: ReturnType<typeof company>, lines: Line | Line[], count = 1) =>
  eventually(`${count} in the queue`, () => {
    if ([lines].flat().reduce((sum, line) => sum + line.size, 0) === count) return true;
    clock.advance(1000);
    return false;
  });

t.test('the place is taken once the caller has hung up, by one node alone', async (t) => {
  const all = company();
  const [one, two] = [await node(all), await node(all)];
  const call = callOf(all);
  t.ok(one.keeper.keep(call, wanted));
  t.equal(one.line.size, 0, 'not while the caller still listens');
  call.over.abort();
  await waits(all, one.line);
  const [place] = one.line.values();
  t.match(place, { queue: 'general', placeSince: 5, callback: true, facts: { direction: 'outbound' } });
  t.ok(one.keeper.isPlace(place!.callId));
  all.clock.advance(minute);
  await eventually('the other node has looked', () => true);
  t.equal(two.line.size, 0);
});

t.test('another node goes on when the first is gone', async (t) => {
  const all = company();
  const [one, two] = [await node(all), await node(all)];
  const call = callOf(all);
  one.keeper.keep(call, wanted);
  call.over.abort();
  await waits(all, one.line);
  one.keeper.close();
  await one.live.close();
  await eventually('the second has it', () => {
    all.clock.advance(1000);
    return two.line.size === 1;
  });
  t.match([...two.line.values()][0], { placeSince: 5, callback: true });
});

t.test('the same customer is promised one call back per queue', async (t) => {
  const all = company();
  const { keeper, line } = await node(all);
  for (let i = 0; i < 2; i += 1) {
    const call = callOf(all);
    t.ok(keeper.keep(call, wanted));
    call.over.abort();
    await waits(all, line);
  }
  t.equal(all.events.filter(({ type }) => type === 'callback-kept').length, 1);
});

t.test('a promise expires, and a cancelled one leaves the queue on whichever node it is', async (t) => {
  const all = company();
  const [one, two] = [await node(all), await node(all)];
  const both = [one.line, two.line];
  const first = callOf(all);
  one.keeper.keep(first, wanted);
  first.over.abort();
  await waits(all, both);
  all.clock.advance(61 * minute);
  await waits(all, both, 0);
  t.match(all.events.at(-1), { type: 'callback-ended', callId: first.id, because: 'expired' });
  const second = callOf(all);
  one.keeper.keep(second, wanted);
  second.over.abort();
  await waits(all, both);
  t.equal(await two.keeper.cancel(second.id, null), 'ok');
  await waits(all, both, 0);
  t.equal(await two.keeper.cancel(second.id, null), 'not-found');
});

t.test('the customer who calls again stands in the kept place, and giving up keeps it', async (t) => {
  const all = company();
  const { keeper, line } = await node(all);
  const first = callOf(all);
  keeper.keep(first, wanted);
  first.over.abort();
  await waits(all, line);
  const again = callOf(all);
  t.equal(keeper.comesBack(again, 'other'), undefined, 'in that queue alone');
  t.equal(keeper.comesBack(again, 'general'), 5);
  await waits(all, line, 0);
  again.over.abort();
  await waits(all, line);
  again.queue = 'general';
  keeper.talksWith(again);
  await waits(all, line, 0);
  t.match(all.events.at(-1), { because: 'called-again' });
});
