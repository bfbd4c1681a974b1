// From the program's objects to the bodies of the contract. Fields are named one by one: what is not named here is not told.

import type { CallCentre, DeskCallState, DeskState } from '../call/desk.ts';
import { defaultClasses, type PiiClass } from '../privacy/pii-class.ts';
import type { CallRecord, Person, RecordingRow, Role, Scope } from '../store/records.ts';
import type { AgentRow, CallView, DeskCall, DeskView, PersonView, QueueView, RecordingView } from './contract.ts';
import type { ScopeView } from './contracts/people.ts';
import type { ApiNeeds } from './needs.ts';

type Label = { ja: string; en: string };

export function personView(person: Person): PersonView {
  const { id, login, displayName, role, place, clearance, queues, language, disabled } = person;
  return { id, login, displayName, role, place, clearance, queues, language, disabled };
}

/** For who administers people. */
export function personWithFacts(person: Person): PersonView {
  return {
    ...personView(person),
    facts: person.facts ?? {},
    site: person.site ?? null,
    scope: person.scope ? scopeView(person.scope) : null,
  };
}

export function scopeView({ sites, queues }: Scope): ScopeView {
  return { ...(sites ? { sites: [...sites] } : {}), ...(queues ? { queues: [...queues] } : {}) };
}

export function callView(record: CallRecord): CallView {
  return { ...record };
}

export function recordingView(row: RecordingRow): RecordingView {
  const { id, callId, startedAt, endedAt, durationMs, bytes, state, sha256, recipients } = row;
  return { id, callId, startedAt, endedAt, durationMs, bytes, state, sha256, recipients };
}

export interface Views {
  desk(person: Person, desk: DeskState): DeskView;
  queues(): QueueView[];
  agent(person: Person): AgentRow;
}

export function createViews(
  needs: Pick<ApiNeeds, 'clock' | 'company' | 'callCentre' | 'policy' | 'environment' | 'helpDesk'>,
): Views {
  const { clock, company, callCentre, policy } = needs;
  const queueLabels = new Map(company.queues.map((queue) => [queue.name, queue.label]));
  const numberLabels = new Map(company.numbers.map(({ number, label }) => [number, label]));
  const labelOf = (queue: string): Label => queueLabels.get(queue) ?? { ja: queue, en: queue };

  function informationOf(piiClass: PiiClass | undefined): DeskCall['information'] {
    const classes = policy?.classes() ?? defaultClasses;
    const strictest = classes.length - 1;
    const found = classes.findIndex(({ id }) => id === piiClass);
    const rank = found < 0 ? strictest : found;
    return { label: classes[rank]!.label, level: rank === 0 ? 'none' : rank === strictest ? 'most' : 'some' };
  }

  const call = (state: DeskCallState): DeskCall => ({
    id: state.id,
    direction: state.direction,
    state: state.state,
    alias: state.alias,
    companyNumber: state.companyNumber,
    companyNumberLabel: numberLabels.get(state.companyNumber) ?? null,
    queue: state.queue,
    queueLabel: state.queue === null ? null : labelOf(state.queue),
    reason: state.reason,
    information: informationOf(state.reason?.piiClass),
    muted: state.muted,
    recording: state.recording,
    ...(state.recordingPaused ? { recordingPaused: [...state.recordingPaused] } : {}),
    startedAt: state.startedAt,
    answeredAt: state.answeredAt,
    heldSince: state.heldSince,
    waitMs: Math.round(state.waitMs),
    quality: state.quality,
    verification: state.verification,
    ...(state.withheld ? { withheld: state.withheld } : {}),
    device: state.device,
    movingTo: state.movingTo,
    role: state.role,
    consultation: state.consultation,
    supervisors: state.supervisors,
    step: state.step,
    steps: state.steps.map((step) => ({ ...step, verified: [...step.verified], facts: { ...step.facts } })),
    verified: [...state.verified],
  });

  function environmentOf({ id }: Person): Pick<DeskView, 'environment'> {
    const standing =
      needs.environment?.settings.check === 'off' ? undefined : needs.environment?.checks.lastStanding(id);
    return standing ? { environment: { ...standing } } : {};
  }

  function helpOf({ id }: Person): Pick<DeskView, 'help'> {
    const help = needs.helpDesk?.openOf(id);
    return help ? { help: { about: help.about, askedAt: help.askedAt, answer: help.answer } } : {};
  }

  return {
    desk: (person, { revision, agent, softphoneRegistered, device, call: current }) => ({
      revision,
      state: agent.state,
      stateSince: agent.stateSince,
      because: agent.because,
      nextState: agent.nextState,
      afterCallWorkEndsAt: agent.afterCallWorkEndsAt,
      ...(agent.returnsAt === null ? {} : { returnsAt: agent.returnsAt }),
      ...environmentOf(person),
      ...helpOf(person),
      softphone: { registered: softphoneRegistered },
      device,
      call: current && call(current),
      queues: servedQueues(callCentre, agent.queues).map(({ name, waiting, longestWaitMs }) => ({
        name,
        label: labelOf(name),
        waiting,
        longestWaitMs: Math.round(longestWaitMs),
      })),
      transferTargets: company.queues.map(({ name, label }) => ({ queue: name, label })),
      dialling: {
        numbersAllowed: mayDial(person.role, company.mayDialNumbers),
        presentedNumbers: company.numbers.map(({ number, label }) => ({ number, label })),
      },
      serverTime: clock.now(),
    }),
    queues: () =>
      callCentre.queues().map(({ name, waiting, callbacks, longestWaitMs, agents }) => ({
        name,
        label: labelOf(name),
        waiting,
        ...(callbacks > 0 ? { callbacks } : {}),
        longestWaitMs: Math.round(longestWaitMs),
        agents: { ...agents },
        serviceLevelSeconds: company.queues.find((queue) => queue.name === name)?.serviceLevelSeconds ?? 0,
      })),
    agent(person) {
      const desk = callCentre.desk(person.id);
      return {
        person: personView(person),
        state: desk?.agent.state ?? 'offline',
        stateSince: desk?.agent.stateSince ?? person.createdAt,
        because: desk?.agent.because ?? null,
        softphoneRegistered: desk?.softphoneRegistered ?? false,
        device: desk?.device ?? 'browser',
        callId: desk?.call?.id ?? null,
        afterCallWorkEndsAt: desk?.agent.afterCallWorkEndsAt ?? null,
        ...(desk?.agent.returnsAt ? { returnsAt: desk.agent.returnsAt } : {}),
        ...environmentOf(person),
      };
    },
  };
}

export function mayDial(role: Role, allowed: readonly Role[]): boolean {
  return allowed.includes(role);
}

function servedQueues(callCentre: CallCentre, served: readonly string[]) {
  return callCentre.queues().filter((queue) => served.includes(queue.name));
}
