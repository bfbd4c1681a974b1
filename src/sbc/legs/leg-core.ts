// What inbound and outbound legs share: state, events, the end that comes exactly once, and the wall around them: what a
// listener or a handler throws ends this leg with `fault` and nothing else.

import type { Clock } from '../../shared/clock.ts';
import { createEmitter, type Emitter } from '../../shared/emitter.ts';
import { asError } from '../../shared/errors.ts';
import type { EndCause } from '../../shared/events.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Random } from '../../shared/random.ts';
import type { Leg, LegEvents, LegState, OfferHandler, OfferMaker } from '../leg.ts';
import type { DialogFacts } from './dialog-facts.ts';
import { type LegStep, legTransitions } from './leg-states.ts';
import type { DialogOwner, SipDialog } from './sip-dialog.ts';

export interface LegContext {
  clock: Clock;
  random: Random;
  log: Logger;
}

export interface LegCore {
  readonly emitter: Emitter<LegEvents>;
  readonly state: LegState;
  readonly offerHandler: OfferHandler | undefined;
  /** Set while the leg has a dialog. */
  dialog: SipDialog | undefined;
  setOfferHandler(handler: OfferHandler, makeOffer?: OfferMaker): void;
  /** False when the state does not allow the step; then nothing changed. */
  step(step: LegStep): boolean;
  /** Emits `ended`, the first time only. True the first time. */
  finish(cause: EndCause, by: LegEvents['ended']['by'], sipStatus: number | null): boolean;
  /** Runs a handler inside the wall. */
  guard<T>(run: () => T): T | undefined;
  /** The part of a dialog's owner that is the same for every leg. */
  owner(acknowledged: DialogOwner['acknowledged'], mayTransfer: boolean): DialogOwner;
  renegotiate: Leg['renegotiate'];
  dialogFacts: () => DialogFacts | undefined;
  /** Ends the leg here, and nowhere else. */
  handOver: () => DialogFacts | undefined;
}

export interface LegCoreOptions extends LegContext {
  initial: LegState;
  /** Ends the SIP side after a fault in one of our handlers. */
  onFault: () => void;
  onEnded: (cause: EndCause) => void;
}

export function createLegCore({ log, initial, onFault, onEnded }: LegCoreOptions): LegCore {
  let state = initial;
  let offerHandler: OfferHandler | undefined;
  let offerMaker: OfferMaker | undefined;
  const emitter = createEmitter<LegEvents>((error, eventName) => fault(error, eventName));

  function fault(error: Error, where: string): void {
    log.error({ err: error, where }, 'a leg was ended by a fault of ours');
    if (state === 'ended') return;
    onFault();
    core.finish('fault', 'us', null);
  }

  const core: LegCore = {
    emitter,
    get state() {
      return state;
    },
    get offerHandler() {
      return offerHandler;
    },
    dialog: undefined,
    setOfferHandler(handler, makeOffer) {
      offerHandler = handler;
      offerMaker = makeOffer;
    },
    step(step) {
      const next = legTransitions[state][step];
      if (next === undefined) return false;
      state = next;
      return true;
    },
    finish(cause, by, sipStatus) {
      if (!core.step('end')) return false;
      log.debug({ cause, by, sipStatus }, 'leg ended');
      core.guard(() => onEnded(cause));
      emitter.emit('ended', { cause, by, sipStatus });
      return true;
    },
    guard(run) {
      try {
        return run();
      } catch (thrown) {
        fault(asError(thrown), 'handler');
        return undefined;
      }
    },
    owner: (acknowledged, mayTransfer) => ({
      get offerHandler() {
        return offerHandler;
      },
      get offerMaker() {
        return offerMaker;
      },
      mayTransfer,
      emit: (name, event) => emitter.emit(name, event),
      acknowledged,
      closed: (cause, by, sipStatus) => void core.finish(cause, by, sipStatus),
    }),
    dialogFacts: () => (state === 'answered' && core.dialog && !core.dialog.closed ? core.dialog.facts : undefined),
    handOver() {
      const facts = core.dialogFacts();
      if (!facts || !core.step('end')) return undefined;
      core.dialog?.forget();
      core.guard(() => onEnded('transferred'));
      return facts;
    },
    async renegotiate(sdpOffer) {
      if (state !== 'answered' || !core.dialog) return { kind: 'ended' };
      return core.dialog.renegotiate(sdpOffer);
    },
  };
  return core;
}

export { within } from './within.ts';
