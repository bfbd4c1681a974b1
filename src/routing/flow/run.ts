// One caller's way through a flow: input in, next action out. Pure; what the caller hears and keys happens in `call/`.
// A run keeps the flow it started with: publishing a new version does not change calls that are under way.

import { type Calendar, isOpen } from '../hours.ts';
import type { Flow, FlowAction, FlowInput, FlowNode, FlowRun, Language, Reason } from './flow.ts';

/** A flow that passes so many nodes without asking anything is hung up. */
const maxNodesWithoutAsking = 1000;

const hangUp: FlowAction = { kind: 'hangup', say: null };

export function startFlow(
  flow: Flow,
  needs: {
    reasons: ReadonlyMap<string, Reason>;
    calendars: ReadonlyMap<string, Calendar>;
    /** The flow's own unless told. */
    language?: Language;
  },
): FlowRun {
  return new Run(flow, needs.reasons, needs.calendars, needs.language ?? flow.language);
}

class Run implements FlowRun {
  readonly flow: Flow;
  readonly language: Language;
  readonly #reasons: ReadonlyMap<string, Reason>;
  readonly #calendars: ReadonlyMap<string, Calendar>;
  // A private field, so that printing a run does not print what was keyed.
  readonly #collected = new Map<string, string>();
  #node: string;
  /** Times that the present menu or collect was asked. */
  #asked = 0;
  #withoutAsking = 0;
  #over = false;

  constructor(
    flow: Flow,
    reasons: ReadonlyMap<string, Reason>,
    calendars: ReadonlyMap<string, Calendar>,
    language: Language,
  ) {
    this.flow = flow;
    this.language = language;
    this.#reasons = reasons;
    this.#calendars = calendars;
    this.#node = flow.start;
  }

  get node(): string {
    return this.#node;
  }

  collected(variable: string): string | undefined {
    return this.#collected.get(variable);
  }

  step(input: FlowInput, nowMs: number): FlowAction {
    if (this.#over) return hangUp;
    const action = input.kind === 'started' ? this.#enter(this.flow.start, nowMs) : this.#after(input, nowMs);
    this.#over = action.kind === 'hangup';
    return action;
  }

  /** What follows the answer to the last action. */
  #after(input: FlowInput, nowMs: number): FlowAction {
    const node = this.flow.nodes.get(this.#node);
    switch (node?.kind) {
      case 'say':
      case 'reason':
        return this.#enter(node.next, nowMs);
      case 'menu':
        return this.#afterMenu(node, input, nowMs);
      case 'collect':
        return this.#afterCollect(node, input, nowMs);
      case 'queue':
        return input.kind === 'done' ? hangUp : this.#enter(node.onTimeout, nowMs, true);
      case 'transfer':
        return input.kind === 'done' ? hangUp : this.#enter(node.onFailure, nowMs, true);
      default:
        return hangUp;
    }
  }

  #afterMenu(node: Extract<FlowNode, { kind: 'menu' }>, input: FlowInput, nowMs: number): FlowAction {
    const digits = input.kind === 'digits' ? input.digits : '';
    if (Object.hasOwn(node.choices, digits)) return this.#enter(node.choices[digits]!, nowMs, true);
    if (this.#asked <= node.retries) return this.#ask(node);
    return this.#enter(digits === '' ? node.onTimeout : node.onInvalid, nowMs);
  }

  #afterCollect(node: Extract<FlowNode, { kind: 'collect' }>, input: FlowInput, nowMs: number): FlowAction {
    const digits = input.kind === 'digits' ? input.digits : '';
    if (digits.length >= node.minDigits && digits.length <= node.maxDigits) {
      this.#collected.set(node.variable, digits);
      return this.#enter(node.next, nowMs, true);
    }
    if (this.#asked <= node.retries) return this.#ask(node);
    return this.#enter(node.onFailure, nowMs);
  }

  /** Goes to a node, and on through those that need nobody, to the first that has something to do. */
  #enter(name: string, nowMs: number, somebodyActed = false): FlowAction {
    if (somebodyActed) this.#withoutAsking = 0;
    let target = name;
    for (;;) {
      const node = this.flow.nodes.get(target);
      this.#node = target;
      this.#asked = 0;
      this.#withoutAsking += 1;
      if (!node || this.#withoutAsking > maxNodesWithoutAsking) return hangUp;
      if (node.kind === 'hours') {
        const calendar = this.#calendars.get(node.calendar);
        // A calendar that is gone since the flow was published: closed, the stricter of the two.
        target = calendar && isOpen(calendar, nowMs) ? node.open : node.closed;
        continue;
      }
      if (node.kind === 'reason' && !this.#reasons.has(node.reason)) {
        // Gone since the flow was published: without a reason the call is handled as the strictest class.
        target = node.next;
        continue;
      }
      return this.#act(node);
    }
  }

  #act(node: Exclude<FlowNode, { kind: 'hours' }>): FlowAction {
    switch (node.kind) {
      case 'say':
        return { kind: 'say', say: node.say };
      case 'reason':
        return { kind: 'setReason', reason: this.#reasons.get(node.reason)! };
      case 'menu':
      case 'collect':
        return this.#ask(node);
      case 'queue': {
        const { queue, priority, timeoutSeconds, comfort, comfortEverySeconds } = node;
        return { kind: 'queue', queue, priority, timeoutSeconds, comfort, comfortEverySeconds };
      }
      case 'transfer':
        return { kind: 'transfer', number: node.number, ringTimeoutSeconds: node.ringTimeoutSeconds };
      case 'hangup':
        return { kind: 'hangup', say: node.say };
    }
  }

  #ask(node: Extract<FlowNode, { kind: 'menu' | 'collect' }>): FlowAction {
    this.#asked += 1;
    const { say, timeoutSeconds } = node;
    if (node.kind === 'collect') {
      const { minDigits, maxDigits, terminator } = node;
      return { kind: 'digits', say, minDigits, maxDigits, terminator, timeoutSeconds };
    }
    const keys = Object.keys(node.choices);
    const maxDigits = Math.max(1, ...keys.map((key) => key.length));
    // With choices of one key there is nothing to end; with longer ones # ends a short one, unless it is a choice.
    const terminator = maxDigits > 1 && !keys.some((key) => key.includes('#')) ? '#' : null;
    return { kind: 'digits', say, minDigits: 1, maxDigits, terminator, timeoutSeconds };
  }
}
