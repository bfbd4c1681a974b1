// One caller's way through a flow: input in, next action out. Pure; what the caller hears and keys happens in `call/`.
// A run keeps the flow it started with and the sub-flows that were in force then: publishing does not change calls under way.
// A stack of frames, one per sub-flow; each has variables of its own. Reason, language, verified factors, priority, skills and
// stickiness are the call's.

import type { Calendar, Closures } from '../hours.ts';
import { openingAt } from '../hours.ts';
import type { Operation } from '../policy/policy.ts';
import { type Answered, type Asked, answered, asking, atFirst } from './ask.ts';
import { anyHolds, type CallNow, holds } from './conditions.ts';
import type {
  CallerFacts,
  Flow,
  FlowAction,
  FlowInput,
  FlowNode,
  FlowRun,
  Language,
  Reason,
  Settings,
  Skills,
  Sticky,
  Template,
} from './flow.ts';
import { rendered } from './values.ts';

/** A flow that passes so many nodes without asking anything is hung up. */
const maxNodesWithoutAsking = 1000;
const maxDepth = 20;
const maxValueLength = 2000;

const hangUp: FlowAction = { kind: 'hangup', say: null };

export interface RunNeeds {
  reasons: ReadonlyMap<string, Reason>;
  calendars: ReadonlyMap<string, Calendar>;
  /** The sub-flows in force when the call came. */
  flows?: { get(id: string): Flow | undefined };
  caller?: CallerFacts | undefined;
  /** `normal` unless told. */
  operation?: () => Operation;
  closures?: Closures;
  /** The flow's own unless told. */
  language?: Language;
  /** Told of each node that is come to, those included that ask nothing. */
  onNode?: (node: string) => void;
}

export function startFlow(flow: Flow, needs: RunNeeds): FlowRun {
  return new Run(flow, needs);
}

interface Frame {
  flow: Flow;
  variables: Map<string, string>;
  /** The node that called the sub-flow above this frame, or the present one. */
  node: string;
}

class Run implements FlowRun {
  readonly flow: Flow;
  // Private fields, so that printing a run does not print what was keyed.
  readonly #needs: RunNeeds;
  readonly #reasons: ReadonlyMap<string, Reason>;
  readonly #calendars: ReadonlyMap<string, Calendar>;
  readonly #flows: { get(id: string): Flow | undefined };
  readonly #frames: Frame[];
  readonly #verified = new Set<string>();
  #language: Language;
  #reason: string | undefined;
  #priority = 0;
  #skills: Skills = {};
  #sticky: Sticky | null = null;
  /** How often the present node was asked, and what it asked last. */
  #asked: Asked = { times: 0, stage: null };
  /** Where to go on after the action that is under way, when its node does not say. */
  #then: string | undefined;
  #withoutAsking = 0;
  #over = false;

  constructor(flow: Flow, needs: RunNeeds) {
    this.flow = flow;
    this.#needs = needs;
    this.#reasons = needs.reasons;
    this.#calendars = needs.calendars;
    this.#flows = needs.flows ?? new Map();
    this.#language = needs.language ?? flow.language;
    this.#frames = [{ flow, variables: new Map(), node: flow.start }];
  }

  get language(): Language {
    return this.#language;
  }

  get verified(): readonly string[] {
    return [...this.#verified];
  }

  get node(): string {
    const { flow, node } = this.#frame;
    return this.#frames.length === 1 ? node : `${flow.id}/${node}`;
  }

  collected(variable: string): string | undefined {
    return this.#frame.variables.get(variable);
  }

  get #frame(): Frame {
    return this.#frames.at(-1)!;
  }

  step(input: FlowInput, nowMs: number): FlowAction {
    if (this.#over) return hangUp;
    const action = input.kind === 'started' ? this.#enter(this.flow.start, nowMs) : this.#after(input, nowMs);
    this.#over = action.kind === 'hangup';
    return action;
  }

  /** What follows the answer to the last action. */
  #after(input: FlowInput, nowMs: number): FlowAction {
    const then = this.#then;
    if (then !== undefined) {
      this.#then = undefined;
      return this.#enter(then, nowMs);
    }
    const node = this.#frame.flow.nodes.get(this.#frame.node);
    if (!node) return hangUp;
    const answer = answered(node, input, this.#asked);
    return this.#follow(node, answer, nowMs);
  }

  #follow(node: FlowNode, answer: Answered, nowMs: number): FlowAction {
    if ('over' in answer) return hangUp;
    if ('again' in answer) {
      this.#asked = answer.again;
      return this.#ask(node) ?? hangUp;
    }
    for (const [name, value] of Object.entries(answer.values ?? {})) this.#put(name, value);
    if (answer.verified !== undefined) this.#verified.add(answer.verified);
    const reason = answer.reasonFrom === undefined ? undefined : this.collected(answer.reasonFrom);
    const allowed = reason !== undefined && (answer.reasons?.includes(reason) ?? true);
    const known = allowed ? this.#reasons.get(reason) : undefined;
    if (!known) return this.#enter(answer.go, nowMs, answer.acted);
    if (answer.acted) this.#withoutAsking = 0;
    this.#then = answer.go;
    return this.#setReason(known);
  }

  #put(name: string, value: string): void {
    this.#frame.variables.set(name, String(value).slice(0, maxValueLength));
  }

  #setReason(reason: Reason): FlowAction {
    this.#reason = reason.id;
    return { kind: 'setReason', reason };
  }

  /** Goes to a node, and on through those that need nobody, to the first that has something to do. */
  #enter(name: string, nowMs: number, somebodyActed = false): FlowAction {
    if (somebodyActed) this.#withoutAsking = 0;
    let target = name;
    for (;;) {
      const node = this.#frame.flow.nodes.get(target);
      this.#frame.node = target;
      this.#needs.onNode?.(this.node);
      this.#withoutAsking += 1;
      if (!node || this.#withoutAsking > maxNodesWithoutAsking) return hangUp;
      const on = this.#pass(node, nowMs);
      if (on !== undefined) {
        target = on;
        continue;
      }
      if (node.kind === 'reason') return this.#setReason(this.#reasons.get(node.reason)!);
      this.#asked = atFirst(node, this.#needs.caller?.withheld ?? true);
      return this.#ask(node) ?? hangUp;
    }
  }

  /** Where a node leads that asks nothing of the outside; undefined for one that does. */
  #pass(node: FlowNode, nowMs: number): string | undefined {
    switch (node.kind) {
      case 'reason':
        // Gone since the flow was published: without a reason the call is handled as the strictest class.
        return this.#reasons.has(node.reason) ? undefined : node.next;
      case 'hours': {
        const calendar = this.#calendars.get(node.calendar);
        // A calendar that is gone since the flow was published: closed, the stricter of the two.
        return node[calendar ? openingAt(calendar, nowMs, this.#needs.closures) : 'closed'];
      }
      case 'when': {
        const now = this.#now();
        const way = node.ways.find((one) => holds(one.if, now) && !(one.unless && anyHolds(one.unless, now)));
        return way?.go ?? node.otherwise;
      }
      case 'switch':
        return node.cases.get(this.collected(node.variable) ?? '') ?? node.otherwise;
      case 'set':
        this.#set(node.set);
        return node.next;
      case 'language':
        this.#language = node.language;
        return node.next;
      case 'subFlow':
        return this.#call(node);
      case 'return':
        return this.#return(node);
      default:
        return undefined;
    }
  }

  #set({ variables, priority, skills, sticky }: Settings): void {
    for (const [name, value] of Object.entries(variables)) this.#put(name, this.#rendered(value));
    if (priority !== null) this.#priority = priority;
    this.#skills = { ...this.#skills, ...skills };
    if (sticky) this.#sticky = sticky;
  }

  #call(node: Extract<FlowNode, { kind: 'subFlow' }>): string {
    const flow = this.#flows.get(node.flow);
    // Gone since the flow was published, or called without end: as if it had returned a word that nobody expects.
    if (!flow || this.#frames.length >= maxDepth) return node.next;
    const variables = new Map<string, string>();
    for (const name of flow.parameters) {
      const given = node.parameters[name];
      if (given !== undefined) variables.set(name, this.#rendered(given));
    }
    this.#frames.push({ flow, variables, node: flow.start });
    return flow.start;
  }

  #return(node: Extract<FlowNode, { kind: 'return' }>): string {
    const given = Object.entries(node.give).map(([name, value]) => [name, this.#rendered(value)] as const);
    if (this.#frames.length === 1) return '';
    this.#frames.pop();
    for (const [name, value] of given) this.#put(name, value);
    const caller = this.#frame.flow.nodes.get(this.#frame.node);
    return caller?.kind === 'subFlow' ? (caller.returns.get(node.word) ?? caller.next) : '';
  }

  #now(): CallNow {
    return {
      caller: this.#needs.caller,
      language: this.#language,
      operation: this.#needs.operation?.() ?? 'normal',
      reason: this.#reason,
      verified: this.#verified,
      variable: (name) => this.collected(name),
    };
  }

  #rendered(template: Template): string {
    return rendered(template, (name) => this.#valueOf(name));
  }

  #valueOf(name: string): string | undefined {
    const { caller } = this.#needs;
    switch (name) {
      case 'call.dialled':
        return caller?.dialled;
      case 'call.trunk':
        return caller?.trunk ?? undefined;
      case 'call.alias':
        return caller?.alias ?? undefined;
      case 'call.language':
        return this.#language;
      case 'call.reason':
        return this.#reason;
      default:
        return this.collected(name);
    }
  }

  #ask(node: FlowNode): FlowAction | undefined {
    return asking(node, this.#asked, {
      known: (name) => this.#valueOf(name),
      language: this.#language,
      priority: this.#priority,
      skills: this.#skills,
      sticky: this.#sticky,
    });
  }
}
