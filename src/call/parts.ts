// What a call needs of the rest of the house. Built in app.ts, handed down; nothing here has behaviour.

import type { MediaServer } from '../media/media-server.ts';
import type { PhoneNumber } from '../privacy/phone-number.ts';
import type { Vault } from '../privacy/vault.ts';
import type { Listeners } from '../recording/playback/listeners.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { QueueSettings } from '../routing/acd/acd.ts';
import type { CallerFacts, Flow, FlowRun, Reason } from '../routing/flow/flow.ts';
import type { ProvenFacts } from '../routing/policy/policy.ts';
import type { Border } from '../sbc/border.ts';
import type { Clock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import type { NewEvent, PiiClass, Place } from '../shared/events.ts';
import type { PersonId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { EventLog } from '../store/event-log.ts';
import type { CallRecords, People, Person } from '../store/records.ts';
import type { Callbacks } from '../store/waiting-work.ts';
import type { CallbackSettings } from './callback/callback-settings.ts';
import type { Refusal } from './outbound/refusals.ts';
import type { TollGuard } from './outbound/toll-guard.ts';
import type { RulesInForce } from './rules/rules-in-force.ts';
import type { Lookups } from './services/lookups.ts';
import type { SpeechRecognition } from './services/speech-recognition.ts';
import type { PauseSettings } from './talk/recording-pause.ts';
import type { OwnTelephones } from './telephone/own-telephones.ts';
import type { Verification } from './verify/verification.ts';

export interface CallSettings {
  queues: readonly QueueSettings[];
  /** How long a call waits for an agent whose browser went away, before it goes back to the queue (or ends, if outbound). */
  reattachSeconds: number;
  /** How long a call whose media server died waits for another one, before it ends. */
  reanchorSeconds: number;
  /** How long the customer's telephone may ring on an outbound call. */
  outboundRingSeconds: number;
  /** How long the desk may take to answer by itself. */
  deskAnswerSeconds: number;
  /** After-call work of calls that did not come through a queue. */
  outboundAfterCallWorkSeconds: number;
  /** The company's numbers; the first one is presented on outbound calls unless told. */
  companyNumbers: readonly string[];
  /** What calls are about that an agent begins, of which nothing else is known; absent: unknown, the strictest. */
  outboundReason?: string;
  demoNumbers: boolean;
  /** Who was cut off and calls again within this takes the earlier place; 0: nobody does. */
  reentryMinutes: number;
  /** When recordings pause by themselves; absent: never. */
  recordingPause?: PauseSettings;
  callbacks?: CallbackSettings;
  /** Where agents may take customers outside, and up to which class of personal information. */
  outsideTargets: readonly { name: string; number: string; clearance: PiiClass }[];
  parkSlots: number;
  /** How long a call stays parked before it comes back. */
  parkSeconds: number;
  steps: {
    factors: readonly { id: string }[];
    facts: readonly { name: string; values: readonly { id: string }[] }[];
    piiCameUp: { queue?: string; reason?: string };
  };
  /** How agents are called on their own telephones. */
  telephone?: TelephoneSettings;
  /** By which trunk emergency calls go out from the centre, and with which number; without it they are refused. */
  emergency?: { trunk: string; presentedNumber?: string };
}

export interface TelephoneSettings {
  /** How long one may ring that nobody awaits; for a call from a queue the queue says. */
  ringSeconds: number;
  /** How long it may take to press 1 once it was answered. */
  confirmSeconds: number;
  /** The company's number that the telephone shows; the first one unless given. */
  presentedNumber?: string;
  /** Who is said to call. */
  companyName: { ja: string; en: string };
}

/** `withhold`: the number was typed with 184, so ours is not presented. */
export type DialDecision =
  | { kind: 'allowed'; number: PhoneNumber; withhold?: boolean }
  /** `emergency`: the number was understood, and is one for emergencies (outbound/emergency.ts). */
  | { kind: 'refused'; because: Refusal; emergency?: PhoneNumber };

export interface CallParts {
  clock: Clock;
  log: Logger;
  border: Border;
  media: MediaServer;
  recorder: Recorder;
  /** To whom recordings are sealed besides those who open every one; without it to nobody. */
  listeners?: Listeners;
  vault: Vault;
  events: EventLog;
  people: People;
  /** Earlier calls, for who calls again; without it nobody is known. */
  callRecords?: Pick<CallRecords, 'list'>;
  /** Call backs that were promised. */
  callbackRows?: Callbacks;
  /** Company services that flows ask; without it there are none. */
  lookups?: Lookups;
  /** Servers that make text of what callers say; without it nobody listens. */
  speechRecognition?: SpeechRecognition;
  /** Verifying customers by what they key; without it nobody is asked. */
  verification?: Verification;
  /** Own telephones; without it everybody is at the browser. */
  telephones?: OwnTelephones;
  /** Caps on calls out; without it there are none. */
  toll?: TollGuard;
  settings: CallSettings;
  /** The flow for a number that the company owns; undefined for one that it does not. */
  flowFor(companyNumber: string): Flow | undefined;
  /** Rules for who may take what; without it a class within the own clearance. */
  rules?: RulesInForce;
  /** Where a person is today, proven; without it where the person is registered. */
  placeOf?(person: Person): Promise<Place>;
  /** What else is proven of a person (device, pledge, what is kept away); without it what is registered. */
  provenOf?(person: Person): Promise<ProvenFacts>;
  /** Why this person may not become available as things stand; without it everybody may. */
  whyNotAvailable?(personId: PersonId): Promise<Refusal | undefined>;
  startFlow(flow: Flow, caller?: CallerFacts): FlowRun;
  reason(id: string): Reason | undefined;
  /** The company's classes of personal information, from least to most; without it the default ones. */
  classes?(): readonly PiiClass[];
  /** Whether this person may dial this (hand-typed) number, by the dialling rules. */
  checkDial(typed: string): DialDecision;
  /** The same for a number known already, such as that of an alias. */
  checkNumber(number: PhoneNumber): DialDecision;
}

/** Appends without making the call wait; the log itself keeps what it took. */
export function tell(parts: Pick<CallParts, 'events' | 'log'>, event: NewEvent): void {
  parts.events.append(event).catch((err: unknown) => parts.log.error({ err, event: event.type }, 'event was not kept'));
}

/** For work that nobody waits for: a fault in it is logged with the call and goes no further. */
export function unattended(log: Logger, what: string, work: Promise<unknown>): void {
  work.catch((thrown: unknown) => log.warn({ err: asError(thrown), what }, 'a step of the call failed'));
}

export function queueSettings(parts: Pick<CallParts, 'settings'>, name: string | null): QueueSettings | undefined {
  return parts.settings.queues.find((queue) => queue.name === name);
}
