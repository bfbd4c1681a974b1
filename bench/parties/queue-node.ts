// One node of the shared queues on Redis, in a process of its own: agents who are there, calls that wait, and nobody's media. A call
// is answered as soon as it is offered and over after `talkMs`; another one takes its place. One clock for all processes of this
// machine (process.hrtime).

import { createSharedRunner, type SharedRunner } from '../../src/call/cluster/shared-runner.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { CallId, PersonId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import type { LiveState } from '../../src/store/live-state.ts';
import { createRedisLiveState } from '../../src/store/redis/redis-live-state.ts';
import { answerParent } from '../processes.ts';

export type QueueNodeRequest =
  | { do: 'open'; url: string; keyPrefix: string; name: string }
  | { do: 'agents'; names: string[] }
  | { do: 'work'; calls: number; talkMs: number; seconds: number }
  | { do: 'close' };

/** Who became available, and who was reserved, when: milliseconds. */
export interface Worked {
  reservations: number;
  available: [person: string, atMs: number][];
  reserved: [person: string, atMs: number][];
}

const queues = [
  {
    name: 'general',
    label: { ja: 'general', en: 'general' },
    ringTimeoutSeconds: 20,
    afterCallWorkSeconds: 0,
    serviceLevelSeconds: 20,
    shortAbandonSeconds: 5,
  },
];

const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;

let name = '';
let live: LiveState;
let runner: SharedRunner;
let serial = 0;
let talkMs = 0;
let until = 0;
let worked: Worked = { reservations: 0, available: [], reserved: [] };
const desks: PersonId[] = [];
const calls = new Map<CallId, PersonId | undefined>();

function place(): void {
  const callId = `${name}-${++serial}` as CallId;
  calls.set(callId, undefined);
  const facts = { direction: 'inbound', piiClass: 'none' } as const;
  const call = { callId, queue: 'general', enteredAt: Date.now(), facts, priority: 0 };
  void runner.apply({ kind: 'callWaiting', call });
}

async function take(callId: CallId, personId: PersonId): Promise<void> {
  worked.reserved.push([personId, nowMs()]);
  if (!(await runner.apply({ kind: 'answered', callId, personId }))) return;
  worked.reservations += 1;
  calls.set(callId, personId);
  if (talkMs > 0) await new Promise((resolve) => setTimeout(resolve, talkMs));
  calls.delete(callId);
  if (nowMs() < until) place();
  worked.available.push([personId, nowMs()]);
  void runner.apply({ kind: 'agentCallEnded', callId, personId, afterCallWorkSeconds: 0 });
}

async function open({ url, keyPrefix }: { url: string; keyPrefix: string }): Promise<void> {
  // A node that a busy machine holds up is not to be counted as gone: its agents would be, too.
  live = await createRedisLiveState({ url, keyPrefix, log: silentLogger, lapseMs: 60_000 });
  runner = createSharedRunner({
    live,
    clock: systemClock,
    log: silentLogger,
    queues,
    afterCallWorkSeconds: 0,
    desks: () => desks,
    hasCall: (callId) => calls.has(callId),
    conversations: () =>
      [...calls].flatMap(([callId, personId]) => (personId ? [{ callId, personId, queue: 'general' }] : [])),
    onEffect(effect) {
      if (effect.kind === 'offer' && calls.has(effect.callId)) void take(effect.callId, effect.personId);
    },
  });
}

async function signIn(names: readonly string[]): Promise<void> {
  for (const each of names) {
    const personId = each as PersonId;
    desks.push(personId);
    const agent = { personId, queues: ['general'], clearance: 'sensitive', place: 'centre' } as const;
    await runner.apply({ kind: 'agentSignedIn', agent: { ...agent, queues: [...agent.queues] } });
    runner.deskIsHere(personId);
    await runner.apply({ kind: 'agentReady', personId });
  }
}

/** Until every call is over that was begun. */
async function work(order: { calls: number; talkMs: number; seconds: number }): Promise<Worked> {
  talkMs = order.talkMs;
  until = nowMs() + order.seconds * 1000;
  worked = { reservations: 0, available: [], reserved: [] };
  for (let i = 0; i < order.calls; i++) place();
  while (nowMs() < until || calls.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  return worked;
}

answerParent(async (request: QueueNodeRequest) => {
  switch (request.do) {
    case 'open':
      name = request.name;
      return open(request);
    case 'agents':
      return signIn(request.names);
    case 'work':
      return work(request);
    default:
      runner.close();
      return live.close();
  }
});
