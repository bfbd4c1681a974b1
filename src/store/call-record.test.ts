import t from 'tap';
import type { EngawaEvent, NewEvent } from '../shared/events.ts';
import type { CallId, LegId, PersonId, RecordingId } from '../shared/ids.ts';
import { readCall } from './call-record.ts';
import { createEventIds } from './event-id.ts';

const callId = 'c_1' as CallId;
const legId = 'l_1' as LegId;
const hanako = 'p_1' as PersonId;
const taro = 'p_2' as PersonId;
const ids = createEventIds();

/** A call told as [milliseconds since its start, what happened]. */
function call(...told: [number, NewEvent][]) {
  const events = told.map(([at, event]) => ({ id: ids.next(at + 1), at, ...event }) as unknown as EngawaEvent);
  return readCall(events)?.record;
}

const started: NewEvent = {
  type: 'call-started',
  callId,
  direction: 'inbound',
  alias: 'K7Q4-M2XD',
  companyNumber: '0120000000',
  trunk: 'demo',
};
const quality = {
  packetsReceived: 10,
  packetsSent: 11,
  packetsLost: 0,
  jitterMs: 1,
  roundTripMs: 20,
  mosEstimate: 4.4,
  codec: 'PCMU',
};
const answered = (personId: PersonId, place: 'home' | 'centre' = 'home'): NewEvent => ({
  type: 'agent-answered',
  callId,
  personId,
  legId,
  place,
  ringMs: 2000,
});
const ended = (cause: 'normal' | 'cancelled' | 'fault', side: 'customer' | 'agent' | 'us'): NewEvent => ({
  type: 'call-ended',
  callId,
  cause,
  side,
  durationMs: 1,
});

t.test('a call through menu, queue and agent', async (t) => {
  const record = call(
    [0, started],
    [10, { type: 'flow-entered', callId, flow: 'main', version: 'abc' }],
    [20, { type: 'call-answered', callId }],
    [3000, { type: 'reason-set', callId, reason: 'order', piiClass: 'personal', by: 'flow' }],
    [3100, { type: 'queue-entered', callId, queue: 'orders' }],
    [9100, { type: 'queue-left', callId, queue: 'orders', outcome: 'answered', waitMs: 6000 }],
    [9100, answered(hanako)],
    [9110, { type: 'recording-started', callId, recordingId: 'r_1' as RecordingId }],
    [9110, { type: 'recording-started', callId, recordingId: 'r_1' as RecordingId }],
    [20_000, { type: 'call-held', callId, by: 'agent' }],
    [25_000, { type: 'call-resumed', callId, by: 'agent', heldMs: 5000 }],
    [30_000, { type: 'agent-left', callId, personId: hanako, legId, talkMs: 15_900, holdMs: 5000 }],
    [30_001, { type: 'leg-quality', callId, legId, party: 'customer', quality }],
    [30_002, ended('normal', 'customer')],
  );
  t.strictSame(record, {
    id: callId,
    direction: 'inbound',
    alias: 'K7Q4-M2XD',
    companyNumber: '0120000000',
    trunk: 'demo',
    startedAt: 0,
    answeredAt: 20,
    agentAnsweredAt: 9100,
    endedAt: 30_002,
    flow: 'main',
    reason: 'order',
    piiClass: 'personal',
    queue: 'orders',
    waitMs: 6000,
    talkMs: 15_900,
    holdMs: 5000,
    segments: [
      {
        personId: hanako,
        place: 'home',
        answeredAt: 9100,
        endedAt: 30_000,
        talkMs: 15_900,
        holdMs: 5000,
        ringMs: 2000,
      },
    ],
    recordingIds: ['r_1'],
    cause: 'normal',
    side: 'customer',
    quality: { customer: quality, agent: null },
  });
});

t.test('a transfer makes a second segment, and waits add up', async (t) => {
  const record = call(
    [0, started],
    [100, { type: 'queue-entered', callId, queue: 'orders' }],
    [1100, { type: 'queue-left', callId, queue: 'orders', outcome: 'answered', waitMs: 1000 }],
    [1100, answered(hanako)],
    [5000, { type: 'call-transferred', callId, personId: hanako, to: { kind: 'queue', name: 'support' } }],
    [5000, { type: 'agent-left', callId, personId: hanako, legId, talkMs: 3900, holdMs: 0 }],
    [5000, { type: 'queue-entered', callId, queue: 'support' }],
    [7500, { type: 'queue-left', callId, queue: 'support', outcome: 'answered', waitMs: 2500 }],
    [7500, answered(taro, 'centre')],
    [9000, { type: 'agent-left', callId, personId: taro, legId, talkMs: 1500, holdMs: 0 }],
    [9000, ended('normal', 'agent')],
  );
  t.match(record, { queue: 'support', waitMs: 3500, talkMs: 5400, agentAnsweredAt: 1100 });
  t.match(record?.segments, [
    { personId: hanako, place: 'home', endedAt: 5000 },
    { personId: taro, place: 'centre', talkMs: 1500 },
  ]);
});

t.test('ring no answer leaves no segment', async (t) => {
  const record = call(
    [0, started],
    [100, { type: 'queue-entered', callId, queue: 'orders' }],
    [200, { type: 'agent-reserved', callId, personId: hanako, queue: 'orders' }],
    [300, { type: 'agent-alerted', callId, personId: hanako, legId }],
    [20_300, { type: 'agent-not-answered', callId, personId: hanako, because: 'timeout' }],
    [21_000, { type: 'queue-left', callId, queue: 'orders', outcome: 'abandoned', waitMs: 20_900 }],
    [21_000, ended('cancelled', 'customer')],
  );
  t.match(record, { segments: [], agentAnsweredAt: null, waitMs: 20_900, cause: 'cancelled', side: 'customer' });
});

t.test('an abandoned call has a wait and no talk', async (t) => {
  const record = call(
    [0, started],
    [5, { type: 'call-answered', callId }],
    [100, { type: 'queue-entered', callId, queue: 'orders' }],
    [4100, { type: 'queue-left', callId, queue: 'orders', outcome: 'abandoned', waitMs: 4000 }],
    [4100, ended('normal', 'customer')],
  );
  t.match(record, { waitMs: 4000, talkMs: 0, queue: 'orders', segments: [], endedAt: 4100 });
});

t.test('a desk that goes away and comes back stays one segment', async (t) => {
  const record = call(
    [0, started],
    [100, answered(hanako)],
    [1000, { type: 'agent-detached', callId, personId: hanako }],
    [3000, { type: 'agent-attached', callId, personId: hanako, legId, awayMs: 2000 }],
    [5000, { type: 'agent-left', callId, personId: hanako, legId, talkMs: 4900, holdMs: 0 }],
    [5000, ended('normal', 'agent')],
  );
  t.equal(record?.segments.length, 1);
  t.match(record, { talkMs: 4900 });
});

t.test('an outbound call is answered when the customer answers', async (t) => {
  const record = call(
    [0, { ...started, direction: 'outbound', personId: hanako } as NewEvent],
    [50, answered(hanako)],
    [4000, { type: 'customer-answered', callId, legId, ringMs: 3900, trunk: 'carrier' }],
    [9000, { type: 'agent-left', callId, personId: hanako, legId, talkMs: 5000, holdMs: 0 }],
    [9000, ended('normal', 'customer')],
  );
  t.match(record, { direction: 'outbound', answeredAt: 4000, agentAnsweredAt: 50, talkMs: 5000 });
});

t.test('a segment that nobody closed ends with the call, its hold counted', async (t) => {
  const record = call(
    [0, started],
    [1000, answered(hanako)],
    [2000, { type: 'call-held', callId, by: 'agent' }],
    [2500, { type: 'call-held', callId, by: 'customer' }],
    [6000, ended('fault', 'us')],
  );
  t.match(record, { talkMs: 1000, holdMs: 4000, segments: [{ endedAt: 6000 }], side: 'us' });
});

t.test('a call that was ended for its node, which was only late, goes on and ends as its node says', async (t) => {
  const cutOff = { ...ended('fault', 'us'), cutOffAt: 1000 } as NewEvent;
  const late: [number, NewEvent][] = [
    [6000, { type: 'agent-left', callId, personId: hanako, legId, talkMs: 4321, holdMs: 79 }],
    [6000, ended('normal', 'customer')],
  ];
  const segments = [{ answeredAt: 1000, endedAt: 6000, talkMs: 4321 }];
  const end = { endedAt: 6000, cause: 'normal', side: 'customer', talkMs: 4321, segments };
  t.match(call([0, started], [1000, answered(hanako)], [4000, cutOff], ...late), end, 'in mid-conversation');
  t.match(call([0, started], [500, cutOff], [1000, answered(hanako)], ...late), end, 'before it was answered');
  const goesOn = call([0, started], [500, cutOff], [1000, answered(hanako)]);
  t.match(goesOn, { endedAt: null, cause: null, segments: [{ endedAt: null }] }, 'it is not over');
  const over = call([0, started], [1000, answered(hanako)], [3000, ended('normal', 'customer')], [4000, cutOff]);
  t.match(over, { endedAt: 3000, cause: 'normal' }, 'a real end stays');
});

t.test('the exact figures of an agent count also when they come after the end', async (t) => {
  const record = call(
    [0, started],
    [1000, answered(hanako)],
    [6000, ended('normal', 'customer')],
    [6001, { type: 'agent-left', callId, personId: hanako, legId, talkMs: 4321, holdMs: 79 }],
    [6002, { type: 'leg-quality', callId, legId, party: 'agent', quality }],
  );
  t.match(record, { talkMs: 4321, holdMs: 79, quality: { agent: quality } });
});

t.test('events that make no sense change nothing', async (t) => {
  t.equal(call([0, { type: 'call-answered', callId }]), undefined, 'a call that never started');
  const record = call(
    [0, started],
    [1, started],
    [2, { type: 'agent-left', callId, personId: taro, legId, talkMs: 99, holdMs: 99 }],
    [3, { type: 'call-resumed', callId, by: 'agent', heldMs: 99 }],
    [4, ended('normal', 'customer')],
    [5, ended('fault', 'us')],
  );
  t.match(record, { startedAt: 0, endedAt: 4, cause: 'normal', talkMs: 0, holdMs: 0 });
});

t.test('a call has the factors that were verified in it, each once', async (t) => {
  const result = (factor: string, verified: boolean): NewEvent => ({
    ...{ type: 'verification-result', callId, factor, verified },
    because: verified ? 'verified' : 'wrong',
  });
  const record = call(
    [0, started],
    [1, result('card', false)],
    [2, result('one-time-code', true)],
    [3, result('one-time-code', true)],
  );
  t.strictSame(record?.verified, ['one-time-code']);
  t.equal(call([0, started], [1, result('card', false)])?.verified, undefined);
});
