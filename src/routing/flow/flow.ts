// An IVR flow as data, and what running one asks of the outside. Loading is load.ts, running is run.ts (both pure).

import type { PiiClass } from '../../shared/events.ts';
import type { YamlProblem } from '../../shared/yaml/yaml-reader.ts';

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
  | { kind: 'reason'; reason: string; next: string }
  | { kind: 'hours'; calendar: string; open: string; closed: string }
  | {
      kind: 'queue';
      queue: string;
      priority: number;
      onTimeout: string;
      timeoutSeconds: number | null;
      comfort: Say | null;
      comfortEverySeconds: number;
    }
  | { kind: 'transfer'; number: string; ringTimeoutSeconds: number; onFailure: string }
  | { kind: 'hangup'; say: Say | null };

export interface Flow {
  id: string;
  /** SHA-256 of the file, first 12 hex digits. */
  version: string;
  language: Language;
  start: string;
  nodes: ReadonlyMap<string, FlowNode>;
  file: string;
}

/** A mistake in a file, for the person who edits it. Lines and columns count from 1. */
export type FlowProblem = YamlProblem;

/** What the caller's side must do next; the answer to each is a FlowInput. */
export type FlowAction =
  | { kind: 'say'; say: Say }
  /** Play, and collect digits; stop playing at the first digit. */
  | {
      kind: 'digits';
      say: Say;
      minDigits: number;
      maxDigits: number;
      terminator: string | null;
      timeoutSeconds: number;
    }
  | { kind: 'setReason'; reason: Reason }
  | {
      kind: 'queue';
      queue: string;
      priority: number;
      timeoutSeconds: number | null;
      comfort: Say | null;
      comfortEverySeconds: number;
    }
  | { kind: 'transfer'; number: string; ringTimeoutSeconds: number }
  | { kind: 'hangup'; say: Say | null };

export type FlowInput =
  | { kind: 'started' }
  | { kind: 'done' }
  | { kind: 'digits'; digits: string }
  | { kind: 'timeout' }
  | { kind: 'failed'; because: string };

export interface FlowRun {
  readonly flow: Flow;
  /** What the caller is spoken to in. */
  readonly language: Language;
  /** The node that the last action belongs to. */
  readonly node: string;
  /** Gives the next action. Bounded: a flow that goes round 1000 nodes without asking anything is hung up. */
  step(input: FlowInput, nowMs: number): FlowAction;
  /** What the caller keyed at a `collect` node. Stays in the run: never in a log, an event or a printout of the run. */
  collected(variable: string): string | undefined;
}
