// An IVR flow as data, and what running one asks of the outside. Loading is load.ts, running is run.ts (both pure).

import type { PiiClass } from '../../shared/events.ts';
import type { YamlProblem } from '../../shared/yaml/yaml-reader.ts';
import type { Operation } from '../policy/policy.ts';

export type Language = 'ja' | 'en';

/** A reason for the call, with the class of personal information that such a conversation touches. */
export interface Reason {
  id: string;
  label: { ja: string; en: string };
  piiClass: PiiClass;
}

/**
 * Something said to the caller: a recorded prompt by name, or text to be spoken, per language.
 * `jaKana` is the reading of the Japanese, for a speech engine that cannot read kanji.
 */
export type Say = { prompt: string } | { ja: string; jaKana?: string; en?: string };

export type FlowNode =
  | { kind: 'say'; say: Say; next: string }
  | {
      kind: 'menu';
      say: Say;
      choices: Record<string, string>;
      timeoutSeconds: number;
      retries: number;
      onTimeout: string;
      onInvalid: string;
    }
  | {
      kind: 'collect';
      say: Say;
      variable: string;
      minDigits: number;
      maxDigits: number;
      terminator: string;
      timeoutSeconds: number;
      retries: number;
      next: string;
      onFailure: string;
    }
  | {
      kind: 'listen';
      say: Say;
      /** Node by what is said. The longest phrase that is heard decides; equally long ones for two nodes decide nothing. */
      phrases: readonly { phrases: readonly string[]; go: string }[];
      /** What may be keyed instead of spoken. */
      choices: Record<string, string>;
      maxSeconds: number;
      timeoutSeconds: number;
      retries: number;
      /** Nothing that fits was said, after all retries. */
      onNothing: string;
      /** No speech service answers: usually a menu. */
      onFailure: string;
    }
  | {
      kind: 'lookup';
      service: string;
      parameters: Record<string, Template>;
      /** A variable of the answer that names the reason for the call; a name that is no reason sets none. */
      reasonFrom: string | null;
      /** The reasons that it may set; null: any. */
      reasons: readonly string[] | null;
      found: string;
      notFound: string;
      onFailure: string;
    }
  | {
      kind: 'verify';
      factor: string;
      say: Say;
      check: VerifyCheck<Record<string, Template>>;
      minDigits: number;
      maxDigits: number;
      terminator: string;
      timeoutSeconds: number;
      retries: number;
      verified: string;
      notVerified: string;
      onFailure: string;
    }
  | { kind: 'reason'; reason: string; next: string }
  | {
      kind: 'hours';
      calendar: string;
      open: string;
      closed: string;
      /** On a national holiday; as `closed` unless told. */
      holiday: string;
      /** Closed by hand, whatever the calendar says; as `closed` unless told. */
      closure: string;
    }
  | { kind: 'when'; ways: readonly { if: Condition; unless: Condition | null; go: string }[]; otherwise: string }
  | { kind: 'switch'; variable: string; cases: ReadonlyMap<string, string>; otherwise: string }
  | { kind: 'set'; set: Settings; next: string }
  | { kind: 'language'; language: Language; next: string }
  | {
      kind: 'subFlow';
      flow: string;
      parameters: Record<string, Template>;
      /** Node by the word that the sub-flow returns. */
      returns: ReadonlyMap<string, string>;
      /** For every other word. */
      next: string;
    }
  /** The end of a sub-flow. `give`: variables for the flow that called it. */
  | { kind: 'return'; word: string; give: Record<string, Template> }
  | {
      kind: 'queue';
      queue: string;
      /** Added to the priority that a `set` node gave. */
      priority: number;
      skills: Skills;
      sticky: Sticky | null;
      /** Where to go by cause; a cause without a way does not make the call leave the queue. */
      overflow: Partial<Record<OverflowCause, string>>;
      timeoutSeconds: number | null;
      comfort: Say | null;
      comfortEverySeconds: number;
      announce: Announce | null;
      music: string | null;
      /** What may be keyed while waiting, such as the key that offers a callback. */
      keys: Record<string, string>;
    }
  | {
      kind: 'callback';
      queue: string;
      priority: number;
      skills: Skills;
      /** Said before 1 (this number) or 2 (another one); `{number}` in it is the end of the number. */
      confirm: Say;
      /** Asks for the number to be keyed. */
      ask: Say;
      retries: number;
      timeoutSeconds: number;
      next: string;
      onFailure: string;
    }
  | {
      kind: 'voicemail';
      mailbox: string;
      say: Say | null;
      maxSeconds: number;
      silenceSeconds: number;
      next: string;
      onFailure: string;
    }
  | { kind: 'transfer'; number: string; ringTimeoutSeconds: number; onFailure: string }
  | { kind: 'hangup'; say: Say | null };

/** A text with `{variable}`, `{variable:digits}` (read digit by digit) or a fact of the call such as `{call.language}`. */
export type Template = string;

/** Skill and the least level that is wanted, 1 to 9. */
export type Skills = Readonly<Record<string, number>>;

/** Who is asked first: the agent who last spoke with this customer, for so long. */
export interface Sticky {
  to: 'last-agent';
  seconds: number;
}

/** Why a waiting call leaves a queue without having been answered. */
export type OverflowCause =
  | 'timeout'
  /** As many wait as may. */
  | 'full'
  /** Nobody who may take it is there when it comes. */
  | 'nobody'
  /** The last one who might have taken it has gone while it waited. */
  | 'left-empty';

/** What a waiting caller is told every so often. */
export interface Announce {
  position: boolean;
  estimatedWait: boolean;
  everySeconds: number;
}

/**
 * How secret digits are checked. `code`: one of our one-time codes. `lookup`: a company service says; the digits go there as
 * the parameter `digitsAs`. `seal`: sealed to the company's key and posted to the named destination.
 */
export type VerifyCheck<P> =
  | { kind: 'code' }
  | { kind: 'lookup'; service: string; parameters: P; digitsAs: string }
  | { kind: 'seal'; destination: string };

/** All that are given must hold; of a list, one. */
export interface Condition {
  /** The company's number that was dialled, as in the configuration. */
  dialled?: readonly string[];
  trunk?: readonly string[];
  withheld?: boolean;
  /** The customer's alias has been seen in an earlier call. */
  known?: boolean;
  language?: readonly Language[];
  operation?: readonly Operation[];
  reason?: readonly string[];
  /** Each of these factors is verified. */
  verified?: readonly string[];
  variables?: Readonly<Record<string, readonly string[]>>;
}

/** What a `set` node changes for the rest of the call. */
export interface Settings {
  variables: Record<string, Template>;
  priority: number | null;
  skills: Skills;
  sticky: Sticky | null;
}

/** What is known of a call when its flow begins. */
export interface CallerFacts {
  dialled: string;
  trunk: string | null;
  /** The caller's number is withheld: it cannot be read back, nor called. */
  withheld: boolean;
  known: boolean;
  alias: string | null;
}

export interface Flow {
  id: string;
  /** SHA-256 of the file and of the parts that it includes, first 12 hex digits. */
  version: string;
  language: Language;
  /** Names of the variables that it takes when it is called as a sub-flow. */
  parameters: readonly string[];
  start: string;
  nodes: ReadonlyMap<string, FlowNode>;
  file: string;
}

/** A mistake in a file, for the person who edits it. Lines and columns count from 1. */
export type FlowProblem = YamlProblem;

/** What the caller's side must do next; the answer to each is a FlowInput. Answers that are not named go the way of `failed`. */
export type FlowAction =
  /** Answer: `done`. */
  | { kind: 'say'; say: Say }
  /** Play, and collect digits; stop playing at the first digit. Answers: `digits`, `timeout`. */
  | {
      kind: 'digits';
      say: Say;
      minDigits: number;
      maxDigits: number;
      terminator: string | null;
      timeoutSeconds: number;
      /** `{number}` in `say` stands for the end of this number, read digit by digit. */
      speaksNumber?: CallbackNumber;
    }
  /**
   * Play and collect a telephone number, ended by #; it goes to the vault, not to the flow. Answers: `done` when it is a number
   * that may be called back, `timeout` (nothing keyed), `failed`.
   */
  | { kind: 'number'; say: Say; timeoutSeconds: number }
  /**
   * Play, and listen. `phrases`: what the caller may say, to help a recogniser that takes a grammar; the flow itself decides by
   * the whole text. `maxDigits` above 0: may be keyed instead. Answers: `heard`, `digits`, `timeout` (silence), `failed`.
   */
  | {
      kind: 'listen';
      say: Say;
      language: Language;
      phrases: readonly string[];
      maxDigits: number;
      /** Silence after which nothing was said. */
      timeoutSeconds: number;
      maxSeconds: number;
    }
  /** Ask a company service. Answers: `found`, `notFound`, `failed` (time-out included). */
  | {
      kind: 'lookup';
      service: string;
      parameters: FlowValues;
      /** Parameters whose value is the caller's number, put in on the way out; the flow never has it. */
      callerNumber: readonly string[];
    }
  /**
   * Collect digits in secret and have them checked. Too few digits are `notVerified`. The digits are in no answer.
   * Answers: `verified`, `notVerified`, `timeout` (nothing keyed), `failed` (nobody could check).
   */
  | {
      kind: 'verify';
      factor: string;
      say: Say;
      check: VerifyCheck<FlowValues>;
      minDigits: number;
      maxDigits: number;
      terminator: string;
      timeoutSeconds: number;
      /** 1 at the first time. */
      attempt: number;
    }
  /** Answer: `done`. */
  | { kind: 'setReason'; reason: Reason }
  /** Answers: `done` (with an agent, or over), `timeout`, `overflow`, and `digits` with one of `keys`, all having left the queue. */
  | {
      kind: 'queue';
      queue: string;
      priority: number;
      timeoutSeconds: number | null;
      comfort: Say | null;
      comfortEverySeconds: number;
      skills: Skills;
      sticky: Sticky | null;
      announce: Announce | null;
      /** Name of a recording; null: the music of the house. */
      music: string | null;
      keys: readonly string[];
      /** Causes for which the flow has a way. For another the call stays in the queue, unless the queue itself refuses it. */
      overflow: readonly OverflowCause[];
    }
  /** Keep the place in the queue and call back. Answers: `done`, `failed`. */
  | { kind: 'callback'; queue: string; priority: number; skills: Skills; number: CallbackNumber }
  /** Answers: `done` (a message was left), `failed`. */
  | { kind: 'voicemail'; mailbox: string; say: Say | null; maxSeconds: number; silenceSeconds: number }
  /** Answers: `done`, `failed`. */
  | { kind: 'transfer'; number: string; ringTimeoutSeconds: number }
  | { kind: 'hangup'; say: Say | null };

/** The caller's own number, or the one that was keyed last in answer to `number`. */
export type CallbackNumber = 'caller' | 'keyed';

export type FlowInput =
  | { kind: 'started' }
  | { kind: 'done' }
  | { kind: 'digits'; digits: string }
  | { kind: 'heard'; text: string }
  /** `values`: by the variable that the settings of the service name. */
  | { kind: 'found'; values: Readonly<Record<string, string>> }
  | { kind: 'notFound' }
  | { kind: 'verified' }
  /** `final`: no further try is allowed. */
  | { kind: 'notVerified'; final?: boolean }
  | { kind: 'timeout' }
  | { kind: 'overflow'; cause: OverflowCause }
  | { kind: 'failed'; because: string };

/** Values that may be personal: they can be read, but do not print themselves, and are not in JSON. */
export interface FlowValues {
  get(name: string): string | undefined;
  entries(): readonly (readonly [string, string])[];
}

export interface FlowRun {
  /** The flow that the call came in by; its sub-flows are those that were in force then. */
  readonly flow: Flow;
  /** What the caller is spoken to in; a flow can change it. */
  readonly language: Language;
  /** The node that the last action belongs to; in a sub-flow `flow/node`. */
  readonly node: string;
  /** Factors by which the flow has verified the customer's identity, in order. */
  readonly verified: readonly string[];
  /** Gives the next action. Bounded: a flow that goes round 1000 nodes without asking anything is hung up. */
  step(input: FlowInput, nowMs: number): FlowAction;
  /**
   * A variable: what the caller keyed at a `collect` node, what a service answered. Stays in the run: never in a log, an event
   * or a printout of the run.
   */
  collected(variable: string): string | undefined;
}
