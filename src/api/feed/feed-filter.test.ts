import t from 'tap';
import type { EngawaEvent, NewEvent } from '../../shared/events.ts';
import type { CallId, LegId, PersonId } from '../../shared/ids.ts';
import { createFeedFilter } from './feed-filter.ts';

const [hanako, taro] = ['p_1', 'p_2'] as [PersonId, PersonId];
const [mine, other] = ['c_1', 'c_2'] as [CallId, CallId];
const legId = 'l_1' as LegId;
let count = 0;
const happened = (event: NewEvent) => ({ id: `v_${++count}`, at: count, ...event }) as unknown as EngawaEvent;
const started = (callId: CallId): NewEvent => ({
  type: 'call-started',
  callId,
  direction: 'inbound',
  alias: 'K7Q4-M2XD',
  companyNumber: '0120000000',
  trunk: 'demo',
});

const switched: NewEvent<'operation-changed'> = {
  type: 'operation-changed',
  ...{ operation: 'all-home', from: 'normal', by: 'person', keyId: null, untilMs: null },
  ...{ personId: taro, why: 'a typhoon' },
};

t.test(
  'everybody learns that the mode of operation changed, and who can change it learns who did and why',
  async (t) => {
    const told = createFeedFilter({ own: hanako }).pass(happened(switched));
    t.match(told, { operation: 'all-home', personId: null, why: null });
    t.match(createFeedFilter({}).pass(happened(switched)), { personId: taro, why: 'a typhoon' });
  },
);

t.test('an agent sees the own person and the own call, only while having it', async (t) => {
  const filter = createFeedFilter({ own: hanako });
  const story: [NewEvent, boolean][] = [
    [started(mine), false],
    [started(other), false],
    [{ type: 'agent-state', personId: taro, from: 'available', to: 'reserved', because: null }, false],
    [{ type: 'agent-state', personId: hanako, from: 'available', to: 'reserved', because: null }, true],
    [{ type: 'agent-reserved', callId: mine, personId: hanako, queue: 'orders' }, true],
    [{ type: 'agent-alerted', callId: mine, personId: hanako, legId }, true],
    [{ type: 'reason-set', callId: mine, reason: 'order', piiClass: 'none', by: 'flow' }, true],
    [{ type: 'reason-set', callId: other, reason: 'order', piiClass: 'none', by: 'flow' }, false],
    [switched, true],
    [{ type: 'offer-refused', callId: mine, personId: taro, queue: 'orders', because: 'clearance' }, false],
    [{ type: 'offer-refused', callId: other, personId: hanako, queue: 'orders', because: 'clearance' }, false],
    [{ type: 'call-held', callId: mine, by: 'agent' }, true],
    [{ type: 'agent-left', callId: mine, personId: hanako, legId, talkMs: 1, holdMs: 0 }, true],
    [{ type: 'queue-entered', callId: mine, queue: 'support' }, false],
    [{ type: 'call-ended', callId: mine, cause: 'normal', side: 'customer', durationMs: 1 }, false],
    [{ type: 'sign-in-failed', login: 'taro', because: 'password' }, false],
    [{ type: 'trunk-state', trunk: 'demo', up: false, because: 'OPTIONS timeout' }, false],
    [{ type: 'flow-published', flow: 'main', version: '1', personId: null }, false],
  ];
  for (const [event, seen] of story) t.equal(filter.pass(happened(event)) !== undefined, seen, JSON.stringify(event));
});

t.test('an own outbound call is seen from its start to its end', async (t) => {
  const filter = createFeedFilter({ own: hanako });
  t.ok(filter.pass(happened({ ...started(mine), direction: 'outbound', personId: hanako } as NewEvent)));
  t.ok(filter.pass(happened({ type: 'customer-answered', callId: mine, legId, ringMs: 1, trunk: 'carrier' })));
  t.ok(filter.pass(happened({ type: 'call-ended', callId: mine, cause: 'normal', side: 'customer', durationMs: 1 })));
  t.notOk(filter.pass(happened({ type: 'call-held', callId: mine, by: 'agent' })));
});

t.test('a supervisor sees everything, without fields that nobody decided to tell', async (t) => {
  const filter = createFeedFilter({});
  const leaky = { ...happened(started(mine)), callerNumber: '09012345678' } as unknown as EngawaEvent;
  t.strictSame(filter.pass(leaky), {
    id: leaky.id,
    at: leaky.at,
    type: 'call-started',
    callId: mine,
    direction: 'inbound',
    alias: 'K7Q4-M2XD',
    companyNumber: '0120000000',
    trunk: 'demo',
  });
  const transferred = happened({
    type: 'call-transferred',
    callId: mine,
    personId: hanako,
    to: { kind: 'number', name: '+819012345678' },
  });
  t.notOk(JSON.stringify(filter.pass(transferred)).includes('9012345678'));
});
