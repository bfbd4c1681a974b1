// A hand-written CallCentre for tests of the API: desks with a state, calls that a test puts there, and a list of what was
// asked. It decides nothing; what a real one does is tested where that is.

import type { CallCentre, CommandOutcome, DeskState } from '../../../src/call/desk.ts';
import type { Alias } from '../../../src/privacy/vault.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import { createEmitter } from '../../../src/shared/emitter.ts';
import type { AgentState } from '../../../src/shared/events.ts';
import { type CallId, newId, type PersonId } from '../../../src/shared/ids.ts';

export interface CallCentreDouble extends CallCentre {
  /** Commands, as `verb argument …`. */
  readonly asked: string[];
  /** What the next commands answer. */
  answer: CommandOutcome;
  /** Gives a person a connected call. */
  connect(personId: PersonId, callId?: CallId): CallId;
  endCall(personId: PersonId): void;
}

export function createCallCentreDouble({ clock }: { clock: Clock }): CallCentreDouble {
  const desks = new Map<PersonId, DeskState>();
  const changed = createEmitter<{ desk: { personId: PersonId; desk: DeskState } }>();
  const asked: string[] = [];

  function set(personId: PersonId, change: Partial<DeskState> & { state?: AgentState }): void {
    const before = desks.get(personId);
    if (!before) throw new Error('nobody is at this desk');
    const { state = before.agent.state, ...rest } = change;
    const agent = { ...before.agent, state, stateSince: clock.now() };
    const desk = { ...before, ...rest, agent, revision: before.revision + 1 };
    desks.set(personId, desk);
    changed.emit('desk', { personId, desk });
  }

  const double: CallCentreDouble = {
    asked,
    answer: { kind: 'ok' },
    async signIn(personId) {
      if (desks.has(personId) && desks.get(personId)?.agent.state !== 'offline') return;
      asked.push(`signIn ${personId}`);
      desks.set(personId, newDesk(personId, clock.now()));
    },
    async signOut(personId) {
      asked.push(`signOut ${personId}`);
      if (desks.has(personId)) set(personId, { state: 'offline' });
    },
    desk: (personId) => desks.get(personId),
    onDesk: (listener) => changed.on('desk', ({ personId, desk }) => listener(personId, desk)),
    async setState(personId, state, because) {
      asked.push(`setState ${state}${because ? ` ${because}` : ''}`);
      if (double.answer.kind === 'ok') set(personId, { state });
      return double.answer;
    },
    agents: () => [...desks.values()].map(({ agent }) => agent),
    queues: () => [
      { name: 'orders', waiting: 2, callbacks: 0, longestWaitMs: 1234.5, agents: noAgents },
      { name: 'support', waiting: 0, callbacks: 0, longestWaitMs: 0, agents: noAgents },
    ],
    async pauseRecording(_, paused) {
      asked.push(paused ? 'pauseRecording' : 'resumeRecording');
      return double.answer;
    },
    async dial(personId, to, presentedNumber) {
      asked.push(`dial ${JSON.stringify(to)} ${presentedNumber ?? ''}`.trim());
      return double.answer.kind === 'ok' ? { kind: 'ok', callId: double.connect(personId) } : double.answer;
    },
    hold: async (callId) => command('hold', callId),
    resume: async (callId) => command('resume', callId),
    setMuted: async (callId, muted) => command(muted ? 'mute' : 'unmute', callId),
    sendDigits: async (callId, digits) => command('digits', callId, digits),
    hangUp: async (callId) => command('hangUp', callId),
    reject: async (callId) => command('reject', callId),
    transferToQueue: async (callId, queue) => command('transfer', callId, queue),
    setReason: async (callId, reason) => command('reason', callId, reason),
    verify: async (callId, asked) => command('verify', callId, JSON.stringify(asked)),
    cancelVerification: async (callId) => command('cancel verification', callId),
    attach: async (callId) => command('attach', callId),
    cancelCallback: async () => 'ok' as const,
    move: async (callId, to) => command('move', callId, to),
    transferToPerson: async (callId, personId) => command('transfer to person', callId, personId),
    transferOutside: async (callId, target) => command('transfer outside', callId, JSON.stringify(target)),
    consult: async (callId, target) => command('consult', callId, JSON.stringify(target)),
    swap: async (callId) => command('swap', callId),
    conference: async (callId) => command('conference', callId),
    completeTransfer: async (callId) => command('complete', callId),
    endConsultation: async (callId) => command('end consultation', callId),
    leave: async (callId, personId) => command('leave', callId, personId),
    park: async (callId) => command('park', callId),
    retrieve: async (callId, personId) => command('retrieve', callId, personId),
    monitor: async (callId, personId, mode) => command('monitor', callId, `${personId} ${mode}`),
    endMonitor: async (callId, personId) => command('end monitor', callId, personId),
    handOver: async (callId, _personId, wanted) => command('hand over', callId, JSON.stringify(wanted)),
    piiCameUp: async (callId) => command('pii came up', callId),
    partOf: (callId, personId) => (double.agentOf(callId) === personId ? 'agent' : undefined),
    parked: () => [],
    monitors: () => [],
    agentOf: (callId) => [...desks].find(([, desk]) => desk.call?.id === callId)?.[0],
    activeCalls: () => [...desks.values()].filter(({ call }) => call !== null).length,
    connect(personId, callId = newId('call')) {
      const now = clock.now();
      const call: DeskState['call'] = {
        id: callId,
        direction: 'inbound',
        state: 'connected',
        alias: 'K7Q4-M2XD' as Alias,
        companyNumber: '0120000000',
        queue: 'orders',
        reason: { id: 'order', label: { ja: '注文', en: 'Order' }, piiClass: 'none' },
        muted: false,
        recording: true,
        startedAt: now,
        answeredAt: now,
        heldSince: null,
        waitMs: 17,
        quality: null,
        verification: null,
        device: 'browser',
        movingTo: null,
        role: 'agent',
        consultation: null,
        supervisors: [],
        step: 'whole',
        steps: [],
        verified: [],
      };
      set(personId, { state: 'on-call', call });
      return callId;
    },
    endCall: (personId) => set(personId, { state: 'after-call-work', call: null }),
  };

  function command(verb: string, callId: CallId, argument?: string): CommandOutcome {
    asked.push(argument === undefined ? verb : `${verb} ${argument}`);
    if (!double.agentOf(callId)) return { kind: 'not-found' };
    return double.answer;
  }
  return double;
}

const noAgents = {
  offline: 0,
  'not-ready': 0,
  available: 1,
  reserved: 0,
  alerting: 0,
  'on-call': 0,
  'after-call-work': 0,
};

function newDesk(personId: PersonId, now: number): DeskState {
  return {
    revision: 1,
    softphoneRegistered: false,
    device: 'browser',
    call: null,
    agent: {
      personId,
      queues: ['orders'],
      clearance: 'none',
      place: 'home',
      state: 'not-ready',
      stateSince: now,
      because: null,
      callId: null,
      afterCallWorkEndsAt: null,
      returnsAt: null,
      idleSince: now,
      nextState: null,
    },
  };
}
