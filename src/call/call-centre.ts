// The maker of CallCentre (desk.ts): joins the border, the ACD and the calls. Holds no rule of its own: who may take a call
// is routing's, what may cross to whom is privacy's, each verb is a file beside this one.

import type { SessionEnd } from '../identity/identity.ts';
import type { AcdEffect } from '../routing/acd/acd.ts';
import { createAcd } from '../routing/acd/distributor.ts';
import { asError } from '../shared/errors.ts';
import type { CallId, NodeId, PersonId } from '../shared/ids.ts';
import type { LiveState } from '../store/live-state.ts';
import { agentMediaWentAway, attachDesk, softphoneWentAway } from './anchor/reattach.ts';
import { cutSession, type OverSession, settleSession } from './anchor/session-over.ts';
import { createSurvivingMedia } from './anchor/surviving-media.ts';
import { isBusy } from './busy.ts';
import {
  agentPartyOf,
  type CallState,
  type Centre,
  callOfAcd,
  callOfPerson,
  partOf,
  personOf,
  ringingOf,
} from './call-state.ts';
import type { CallbackClaims } from './callback/callback-claims.ts';
import { createCallbacks } from './callback/callbacks.ts';
import type { CallCentre, CommandOutcome, DeskCallState, ParkedView } from './desk.ts';
import { createDesks } from './desks.ts';
import { endCall } from './ending/end-call.ts';
import { takeInboundCall } from './inbound/inbound.ts';
import { dial } from './outbound/outbound.ts';
import { type CallParts, tell, unattended } from './parts.ts';
import { type AcdRunner, createAcdRunner, type OnEffect } from './queue/acd-runner.ts';
import { offerToAgent, withdrawOffer } from './queue/offer.ts';
import { overflowed, tellAcd } from './queue/queueing.ts';
import { canBeRung } from './queue/ring-desk.ts';
import { createAgentFacts } from './rules/agent-facts.ts';
import { beginningRules } from './rules/beginning-rules.ts';
import { endMonitor, monitoredBy, monitorsOf } from './supervise/monitor.ts';
import { holdCall, muteAgent, resumeCall } from './talk/join.ts';
import { watchQuality } from './talk/quality-watch.ts';
import { pauseFollows } from './talk/recording-pause.ts';
import { talkCommands } from './talk-commands.ts';
import { moveToDevice } from './telephone/move-device.ts';
import { agentGaveUp, agentHungUp, outsideGone } from './transfer/agent-goes.ts';
import { parkedView } from './transfer/park.ts';
import { createParkSlots } from './transfer/park-slots.ts';
import { transferToQueue } from './transfer/transfer-to-queue.ts';
import { askForVerification, cancelVerification } from './verify/verify-in-call.ts';

export interface RunningCallCentre extends CallCentre {
  /** A person's queues, clearance, place or other facts may have changed: routing knows at the next offer. */
  factsChanged(personId: PersonId): Promise<void>;
  /** A session is over: its audio stops at once; `isLeft` says whether its person has another one (anchor/session-over.ts). */
  sessionOver(over: OverSession, because: SessionEnd, isLeft: () => Promise<boolean>): Promise<void>;
  /** Whether this person has to do with a call, or with what it left to do. */
  isBusy(personId: PersonId): boolean;
  /** Ends what is still there after `graceMs`; resolves when all calls are over. */
  drain(graceMs: number): Promise<void>;
  /** Whether this program has the call. */
  hasCall(callId: CallId): boolean;
  /** Whether this is a place in a queue that is kept for somebody who is called back. */
  keepsPlace(callId: CallId): boolean;
  /** Takes up what was promised before this program was started. */
  takeUpCallbacks(): void;
  /** Tells whoever follows this desk that it shows something new. */
  deskChanged(personId: PersonId): void;
  /** For cluster/ alone, which goes on with calls of other nodes. */
  readonly centre: Centre;
  close(): void;
}

/** What is another way when this is one of several nodes (cluster/cluster-call-centre.ts). */
export interface AmongOthers {
  acd(onEffect: OnEffect): AcdRunner;
  /** Where the calls of this node are kept. */
  calls: Map<CallId, CallState>;
  callChanged(call: CallState): void;
  deskChanged(personId: PersonId): void;
  callbackClaims: CallbackClaims;
  callElsewhere(personId: PersonId): DeskCallState | undefined;
  parkedElsewhere(): ParkedView[];
  live: Pick<LiveState, 'map' | 'on'>;
  /** Whether this node tells the log and the queues what became of a softphone that was registered through that node. */
  speaksFor(node: NodeId): boolean;
}

const notFound: CommandOutcome = { kind: 'not-found' };

export function createCallCentre(given: CallParts, among?: AmongOthers): RunningCallCentre {
  const { media: bareMedia, clock, log } = given;
  const patienceMs = given.settings.reanchorSeconds * 1000;
  const parts: CallParts = { ...given, media: createSurvivingMedia({ media: bareMedia, clock, log, patienceMs }) };
  const calls = among?.calls ?? new Map<CallId, CallState>();
  const desks = createDesks({
    centre: () => centre,
    ...(among ? { callElsewhere: among.callElsewhere } : {}),
  });
  const onEffect: OnEffect = (effect, mine) => carryOut(centre, effect, mine);
  const acd =
    among?.acd(onEffect) ??
    createAcdRunner({ acd: createAcd({ queues: parts.settings.queues, ...beginningRules(parts) }), clock, onEffect });
  const { people, placeOf, provenOf } = parts;
  const facts = createAgentFacts({ people, placeOf, provenOf, log, known: (personId) => acd.acd.agent(personId) });
  parts.rules?.rule({
    rules: () => acd.acd.rules,
    setRules: (policy, operation) => acd.apply({ kind: 'rulesChanged', policy, operation }),
  });
  const callbacks = createCallbacks(() => centre, among?.callbackClaims);
  const parkSlots = createParkSlots({ count: parts.settings.parkSlots, ...(among ? { live: among.live } : {}) });
  const centre: Centre = {
    parts,
    callbacks,
    parkSlots,
    bareMedia,
    acd,
    calls,
    deskChanged(personId) {
      const call = among && personId && callOfPerson({ calls }, personId);
      if (call) among.callChanged(call);
      if (personId) among?.deskChanged(personId);
      desks.changed(personId);
    },
    callChanged: (call) => among?.callChanged(call),
    parkedCalls: () =>
      [...calls.values()].flatMap((call) => parkedView(call) ?? []).concat(among?.parkedElsewhere() ?? []),
    agentWentAway: (call, personId) => agentMediaWentAway(centre, call, personId),
    agentHungUp: (call, personId) => agentHungUp(centre, call, personId),
    agentGaveUp: (call, personId) => agentGaveUp(centre, call, personId),
    outsideGone: (call, why) => outsideGone(centre, call, why),
  };
  const offs = followTheWorld(centre, (node) => !among || node === undefined || among.speaksFor(node));
  const qualityTimer = watchQuality(centre, parts.clock);

  const live = (callId: CallId): CallState | undefined => {
    const call = calls.get(callId);
    return call && call.phase !== 'ended' ? call : undefined;
  };
  const command = async (
    callId: CallId,
    run: (call: CallState) => Promise<CommandOutcome> | CommandOutcome,
  ): Promise<CommandOutcome> => {
    const call = live(callId);
    return call ? run(call) : notFound;
  };

  return {
    desk: desks.desk,
    onDesk: desks.onDesk,
    agents: () => acd.acd.agents(),
    queues: () => acd.acd.queues(parts.clock.now()),
    async signIn(personId) {
      const person = await parts.people.byId(personId);
      if (!person) return;
      if (acd.acd.agent(personId) && acd.acd.agent(personId)?.state !== 'offline') return;
      await acd.apply({ kind: 'agentSignedIn', agent: await facts.of(person) });
      desks.changed(personId);
    },
    async signOut(personId) {
      await acd.apply({ kind: 'agentSignedOut', personId });
      desks.changed(personId);
    },
    setState: (personId, state, because) => setState(centre, personId, state, because),
    dial: (personId, to, how) => dial(centre, personId, to, how),
    hold: (callId) => command(callId, (call) => holdCall(centre, call)),
    resume: (callId) => command(callId, (call) => resumeCall(centre, call)),
    setMuted: (callId, muted, personId) => command(callId, (call) => muteAgent(centre, call, muted, personId)),
    ...talkCommands(() => centre, command),
    sendDigits: (callId, digits) =>
      command(callId, async (call) => {
        if (!call.customer) return { kind: 'conflict', because: 'Nobody is connected to this call.' };
        await call.customer.endpoint.sendDigits(digits);
        return { kind: 'ok' };
      }),
    hangUp: (callId, by = 'agent') =>
      command(callId, (call) => {
        if (by === 'agent' && call.phase === 'talking' && call.agent) centre.agentHungUp(call, call.agent.personId);
        else void endCall(centre, call, { cause: 'normal', side: by });
        return { kind: 'ok' };
      }),
    reject: (callId, personId) => command(callId, (call) => rejectOffer(call, personId)),
    transferToQueue: (callId, queue) => command(callId, (call) => transferToQueue(centre, call, queue)),
    verify: (callId, asked) => command(callId, (call) => askForVerification(centre, call, asked)),
    cancelVerification: (callId) => command(callId, cancelVerification),
    async setReason(callId, reasonId) {
      const call = live(callId);
      const reason = parts.reason(reasonId);
      if (!call) return notFound;
      if (!reason) return { kind: 'conflict', because: 'There is no such reason.' };
      call.reason = reason;
      pauseFollows(centre, call);
      tell(parts, { type: 'reason-set', callId, reason: reason.id, piiClass: reason.piiClass, by: 'agent' });
      tellAcd(centre, call);
      centre.deskChanged(personOf(call));
      return { kind: 'ok' };
    },
    attach: (callId, personId) => command(callId, (call) => attachDesk(centre, call, personId ? { personId } : {})),
    move: (callId, to) => command(callId, (call) => moveToDevice(centre, call, to)),
    agentOf: (callId) => {
      const call = live(callId);
      return call && personOf(call);
    },
    activeCalls: () => calls.size,
    partOf: (callId, personId) => {
      const call = live(callId);
      return call && partOf(call, personId);
    },
    parked: () => centre.parkedCalls(),
    monitors: () => [...calls.values()].flatMap(monitorsOf),
    async factsChanged(personId) {
      if (!acd.acd.agent(personId)) return;
      await facts.renew(personId, (agent) => acd.apply({ kind: 'agentFactsChanged', agent }));
      desks.changed(personId);
    },
    async sessionOver(over, because, isLeft) {
      cutSession(centre, over);
      if (because === 'revoked') settleSession(centre, over, { because, left: await isLeft() });
    },
    isBusy: (personId) => isBusy(personId, desks.desk(personId), [...calls.values()].flatMap(monitorsOf)),
    drain: (graceMs) => drain(centre, graceMs),
    hasCall: (callId) => callOfAcd(calls, callId) !== undefined,
    keepsPlace: callbacks.isPlace,
    takeUpCallbacks: callbacks.start,
    cancelCallback: callbacks.cancel,
    deskChanged: desks.changed,
    centre,
    close() {
      for (const off of offs) off();
      callbacks.close();
      qualityTimer.cancel();
      parkSlots.close();
      acd.close();
    },
  };
}

/** `personId`: whose ringing desk; the one that is rung to take the call unless told. */
function rejectOffer(call: CallState, personId: PersonId | undefined): CommandOutcome {
  const ringing = ringingOf(call);
  const asked = call.consultation?.alerting;
  const alerting = [...(asked ? [asked] : []), ...ringing].find((one) => one.personId === personId) ?? ringing[0];
  if (!alerting?.leg || call.phase === 'dialling')
    return { kind: 'conflict', because: 'This call does not ring at a desk.' };
  void alerting.leg.end('rejected');
  return { kind: 'ok' };
}

function carryOut(centre: Centre, effect: AcdEffect, mine: boolean): void {
  if (effect.kind === 'agentState') {
    const { personId, from, to, because } = effect;
    if (mine) tell(centre.parts, { type: 'agent-state', personId, from, to, because });
    centre.deskChanged(personId);
    return;
  }
  // A place that is kept for a call back becomes a call when it comes up.
  const found = callOfAcd(centre.calls, effect.callId);
  const call = found ?? (effect.kind === 'offer' ? centre.callbacks.callFor(effect.callId) : undefined);
  if (effect.kind === 'refused') {
    if (call || centre.callbacks.isPlace(effect.callId)) tellRefused(centre, effect);
  } else if (!call) return;
  else if (effect.kind === 'offer') offerToAgent(centre, call, { ...effect, asCall: effect.callId });
  else if (effect.kind === 'withdraw') withdrawOffer(centre, call, effect.callId, effect.personId);
  else overflowed(centre, call, effect.because);
}

function tellRefused({ parts }: Centre, effect: Extract<AcdEffect, { kind: 'refused' }>): void {
  const { callId, personId, queue, rule, because } = effect;
  const { en, ja, code } = because;
  tell(parts, { type: 'offer-refused', callId, personId, queue, because: en, ja, code, rule });
  parts.log.info({ callId, personId, queue, rule, because: because.en }, 'not offered');
}

/** What happens outside and concerns calls: customers call, softphones come and go, recordings begin and fail. */
function followTheWorld(centre: Centre, speaksFor: (node: NodeId | undefined) => boolean): (() => void)[] {
  const { border, recorder, log } = centre.parts;
  return [
    border.on('call', (inbound) => void takeInboundCall(centre, inbound)),
    border.on('softphoneRegistered', ({ personId, sessionId, nodeId }) => {
      if (speaksFor(nodeId)) tell(centre.parts, { type: 'softphone-registered', personId, sessionId });
      centre.deskChanged(personId);
      const call = callOfPerson(centre, personId);
      if (call && agentPartyOf(call, personId))
        unattended(call.log, 'ring the desk again', attachDesk(centre, call, { anew: true, personId }));
    }),
    border.on('softphoneGone', ({ personId, because, nodeId }) => {
      const speaks = speaksFor(nodeId);
      if (speaks) tell(centre.parts, { type: 'softphone-unregistered', personId, because });
      const call = callOfPerson(centre, personId);
      if (call && agentPartyOf(call, personId))
        unattended(call.log, 'look after the audio', softphoneWentAway(centre, call, personId));
      else if (speaks && !canBeRung(centre, personId) && centre.acd.acd.agent(personId)?.state === 'available') {
        void centre.acd.apply({ kind: 'agentNotReady', personId, because: 'no-softphone' });
      }
      const watched = monitoredBy(centre, personId);
      if (watched) endMonitor(centre, watched, personId, 'softphone-gone');
      centre.deskChanged(personId);
    }),
    followTelephones(centre),
    recorder.on('started', ({ callId, recordingId, zeroAt }) => {
      tell(centre.parts, { type: 'recording-started', callId, recordingId });
      const call = centre.calls.get(callId);
      if (call) call.recordingSince = zeroAt;
      if (call) centre.deskChanged(personOf(call));
    }),
    recorder.on('tapNeeded', ({ callId, recordingId, tapUrl }) => {
      const endpoint = centre.calls.get(callId)?.customer?.endpoint;
      // Some connect again by themselves, with the audio that they kept meanwhile.
      if (!endpoint || endpoint.keepsTap) return;
      void endpoint
        .startTap({ url: tapUrl, metadata: { callId, recordingId } })
        .catch((thrown: unknown) => log.error({ err: asError(thrown), callId }, 'recording could not go on'));
    }),
    recorder.on('recovered', (event) => tell(centre.parts, { type: 'recording-recovered', ...event })),
    recorder.on('failed', (event) => tell(centre.parts, { type: 'recording-failed', ...event })),
    recorder.on('stopped', (event) => tell(centre.parts, { type: 'recording-stopped', ...event })),
  ];
}

/** An agent who has changed to a device that cannot be rung gets no call. */
function followTelephones(centre: Centre): () => void {
  const changed = (personId: PersonId, here: boolean) => {
    if (here && !canBeRung(centre, personId) && centre.acd.acd.agent(personId)?.state === 'available')
      void centre.acd.apply({ kind: 'agentNotReady', personId, because: 'no-softphone' });
    centre.deskChanged(personId);
  };
  return centre.parts.telephones?.onChanged(changed) ?? (() => {});
}

async function setState(
  centre: Centre,
  personId: PersonId,
  state: 'available' | 'not-ready' | 'offline',
  because: string | undefined,
): Promise<CommandOutcome> {
  const { acd } = centre;
  if (!acd.acd.agent(personId)) return { kind: 'conflict', because: 'Sign in at the desk first.' };
  if (state === 'available' && !canBeRung(centre, personId))
    return { kind: 'conflict', because: 'The softphone of this desk is not connected.' };
  const forbids = state === 'available' ? await centre.parts.whyNotAvailable?.(personId) : undefined;
  if (forbids) return { kind: 'conflict', because: forbids };
  if (state === 'available') await acd.apply({ kind: 'agentReady', personId });
  else if (state === 'not-ready') await acd.apply({ kind: 'agentNotReady', personId, because: because ?? 'break' });
  else await acd.apply({ kind: 'agentSignedOut', personId });
  centre.deskChanged(personId);
  return { kind: 'ok' };
}

async function drain(centre: Centre, graceMs: number): Promise<void> {
  const { clock, log } = centre.parts;
  const until = clock.now() + graceMs;
  while (centre.calls.size > 0 && clock.now() < until) {
    await new Promise<void>((resolve) => setTimeout(resolve, Math.min(200, Math.max(1, until - clock.now()))));
  }
  const left = [...centre.calls.values()];
  if (left.length > 0) log.warn({ calls: left.length }, 'ending the calls that are left');
  await Promise.allSettled(left.map((call) => endCall(centre, call, { cause: 'shutting-down', side: 'us' })));
}
