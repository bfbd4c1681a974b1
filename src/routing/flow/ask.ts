// What each kind of node asks of the outside, and where its answer leads. Pure, and without memory: run.ts keeps how often a
// node has asked, and what.

import type { CallbackNumber, FlowAction, FlowInput, FlowNode, Language, Skills, Sticky, Template } from './flow.ts';
import { phraseHeard } from './spoken-phrases.ts';
import { callerNumberTemplate, concealed, rendered, renderedSay, spokenNumberName } from './values.ts';

/** How often the present node has asked, and for a callback: what it asked for last. */
export interface Asked {
  times: number;
  stage: CallbackStage | null;
}

type CallbackStage =
  | { step: 'confirm'; number: CallbackNumber }
  | { step: 'ask' }
  | { step: 'book'; number: CallbackNumber };

export type Answered =
  /** Ask the same node once more. */
  | { again: Asked }
  /** The flow is done: the caller is with somebody else. */
  | { over: true }
  | {
      go: string;
      /** The caller did something, so this is no circle of the flow's own. */
      acted: boolean;
      values?: Readonly<Record<string, string>>;
      verified?: string;
      reasonFrom?: string;
      /** The reasons that may be set so; null: any. */
      reasons?: readonly string[] | null;
    };

interface Surroundings {
  known(name: string): string | undefined;
  language: Language;
  priority: number;
  skills: Skills;
  sticky: Sticky | null;
}

type NodeOf<K extends FlowNode['kind']> = Extract<FlowNode, { kind: K }>;

/** The action of a node; undefined for one that needs nobody. */
export function asking(node: FlowNode, asked: Asked, around: Surroundings): FlowAction | undefined {
  const { known } = around;
  switch (node.kind) {
    case 'say':
      return { kind: 'say', say: renderedSay(node.say, known) };
    case 'menu':
      return { ...keysOf(node.choices), say: renderedSay(node.say, known), timeoutSeconds: node.timeoutSeconds };
    case 'collect': {
      const { minDigits, maxDigits, terminator, timeoutSeconds } = node;
      return { kind: 'digits', say: renderedSay(node.say, known), minDigits, maxDigits, terminator, timeoutSeconds };
    }
    case 'listen':
      return {
        kind: 'listen',
        say: renderedSay(node.say, known),
        language: around.language,
        phrases: node.phrases.flatMap(({ phrases }) => phrases),
        maxDigits: longest(Object.keys(node.choices)),
        timeoutSeconds: node.timeoutSeconds,
        maxSeconds: node.maxSeconds,
      };
    case 'lookup':
      return {
        kind: 'lookup',
        service: node.service,
        parameters: parametersOf(node.parameters, known),
        callerNumber: Object.keys(node.parameters).filter((name) => node.parameters[name] === callerNumberTemplate),
      };
    case 'verify':
      return verifying(node, asked, around);
    case 'queue':
      return queueing(node, around);
    case 'callback':
      return callingBack(node, asked, around);
    case 'voicemail': {
      const { mailbox, maxSeconds, silenceSeconds } = node;
      const say = node.say && renderedSay(node.say, known);
      return { kind: 'voicemail', mailbox, say, maxSeconds, silenceSeconds };
    }
    case 'transfer':
      return { kind: 'transfer', number: node.number, ringTimeoutSeconds: node.ringTimeoutSeconds };
    case 'hangup':
      return { kind: 'hangup', say: node.say && renderedSay(node.say, known) };
    default:
      return undefined;
  }
}

function parametersOf(parameters: Record<string, Template>, known: Surroundings['known']) {
  const own = Object.entries(parameters).filter(([, template]) => template !== callerNumberTemplate);
  return concealed(own.map(([name, template]) => [name, rendered(template, known)] as const));
}

const longest = (keys: readonly string[]) => Math.max(0, ...keys.map((key) => key.length));

function keysOf(choices: Record<string, string>) {
  const keys = Object.keys(choices);
  const maxDigits = Math.max(1, longest(keys));
  // With choices of one key there is nothing to end; with longer ones # ends a short one, unless it is a choice.
  const terminator = maxDigits > 1 && !keys.some((key) => key.includes('#')) ? '#' : null;
  return { kind: 'digits', minDigits: 1, maxDigits, terminator } as const;
}

function verifying(node: NodeOf<'verify'>, asked: Asked, { known }: Surroundings): FlowAction {
  const { factor, minDigits, maxDigits, terminator, timeoutSeconds, check } = node;
  return {
    kind: 'verify',
    factor,
    say: renderedSay(node.say, known),
    check: check.kind === 'lookup' ? { ...check, parameters: parametersOf(check.parameters, known) } : check,
    ...{ minDigits, maxDigits, terminator, timeoutSeconds },
    attempt: asked.times,
  };
}

function queueing(node: NodeOf<'queue'>, around: Surroundings): FlowAction {
  const { queue, timeoutSeconds, comfortEverySeconds, announce, music } = node;
  return {
    kind: 'queue',
    ...{ queue, timeoutSeconds, comfortEverySeconds, announce, music },
    priority: node.priority + around.priority,
    comfort: node.comfort && renderedSay(node.comfort, around.known),
    skills: { ...around.skills, ...node.skills },
    sticky: node.sticky ?? around.sticky,
    keys: Object.keys(node.keys),
    overflow: Object.keys(node.overflow) as (keyof typeof node.overflow)[],
  };
}

/** How a node begins to ask. A caller whose number is withheld has none that could be confirmed. */
export function atFirst(node: FlowNode, withheld: boolean): Asked {
  if (node.kind !== 'callback') return { times: 1, stage: null };
  return { times: 1, stage: withheld ? { step: 'ask' } : { step: 'confirm', number: 'caller' } };
}

function callingBack(node: NodeOf<'callback'>, asked: Asked, around: Surroundings): FlowAction {
  const stage = asked.stage ?? { step: 'ask' };
  const said = (say: typeof node.ask) => renderedSay(say, around.known, spokenNumberName);
  const { queue, timeoutSeconds } = node;
  if (stage.step === 'ask') return { kind: 'number', say: said(node.ask), timeoutSeconds };
  if (stage.step === 'confirm') {
    const keys = { minDigits: 1, maxDigits: 1, terminator: null };
    return { kind: 'digits', say: said(node.confirm), ...keys, timeoutSeconds, speaksNumber: stage.number };
  }
  const skills = { ...around.skills, ...node.skills };
  return { kind: 'callback', queue, priority: node.priority + around.priority, skills, number: stage.number };
}

/** Where the answer of the outside leads. An answer that the node did not ask for counts as a failure. */
export function answered(node: FlowNode, input: FlowInput, asked: Asked): Answered {
  switch (node.kind) {
    case 'say':
    case 'reason':
      return { go: node.next, acted: false };
    case 'menu':
      return afterMenu(node, input, asked);
    case 'collect':
      return afterCollect(node, input, asked);
    case 'listen':
      return afterListen(node, input, asked);
    case 'lookup':
      return afterLookup(node, input);
    case 'verify':
      return afterVerify(node, input, asked);
    case 'queue':
      return afterQueue(node, input);
    case 'callback':
      return afterCallback(node, input, asked);
    case 'voicemail':
      return { go: input.kind === 'done' ? node.next : node.onFailure, acted: input.kind === 'done' };
    case 'transfer':
      return input.kind === 'done' ? { over: true } : { go: node.onFailure, acted: false };
    default:
      return { over: true };
  }
}

const keyed = (input: FlowInput): string => (input.kind === 'digits' ? input.digits : '');

const again = (asked: Asked): Answered => ({ again: { times: asked.times + 1, stage: null } });

function chosen(choices: Record<string, string>, digits: string): Answered | undefined {
  return Object.hasOwn(choices, digits) ? { go: choices[digits]!, acted: true } : undefined;
}

function afterMenu(node: NodeOf<'menu'>, input: FlowInput, asked: Asked): Answered {
  const digits = keyed(input);
  const choice = chosen(node.choices, digits);
  if (choice) return choice;
  if (asked.times <= node.retries) return again(asked);
  return { go: digits === '' ? node.onTimeout : node.onInvalid, acted: false };
}

function afterCollect(node: NodeOf<'collect'>, input: FlowInput, asked: Asked): Answered {
  const digits = keyed(input);
  if (digits.length >= node.minDigits && digits.length <= node.maxDigits) {
    return { go: node.next, acted: true, values: { [node.variable]: digits } };
  }
  return asked.times <= node.retries ? again(asked) : { go: node.onFailure, acted: false };
}

function afterListen(node: NodeOf<'listen'>, input: FlowInput, asked: Asked): Answered {
  if (input.kind === 'failed') return { go: node.onFailure, acted: false };
  const choice = chosen(node.choices, keyed(input));
  if (choice) return choice;
  const go = input.kind === 'heard' ? phraseHeard(input.text, node.phrases) : undefined;
  if (go !== undefined) return { go, acted: true };
  return asked.times <= node.retries ? again(asked) : { go: node.onNothing, acted: false };
}

function afterLookup(node: NodeOf<'lookup'>, input: FlowInput): Answered {
  if (input.kind === 'notFound') return { go: node.notFound, acted: false };
  if (input.kind !== 'found') return { go: node.onFailure, acted: false };
  const reasonFrom = node.reasonFrom === null ? {} : { reasonFrom: node.reasonFrom, reasons: node.reasons };
  return { go: node.found, acted: false, values: input.values, ...reasonFrom };
}

function afterVerify(node: NodeOf<'verify'>, input: FlowInput, asked: Asked): Answered {
  if (input.kind === 'verified') return { go: node.verified, acted: true, verified: node.factor };
  if (input.kind !== 'notVerified' && input.kind !== 'timeout') return { go: node.onFailure, acted: false };
  const last = input.kind === 'notVerified' && input.final === true;
  return !last && asked.times <= node.retries ? again(asked) : { go: node.notVerified, acted: false };
}

function afterQueue(node: NodeOf<'queue'>, input: FlowInput): Answered {
  if (input.kind === 'done') return { over: true };
  const choice = chosen(node.keys, keyed(input));
  if (choice) return choice;
  const { timeout } = node.overflow;
  const way = input.kind === 'overflow' ? (node.overflow[input.cause] ?? timeout) : timeout;
  return way === undefined ? { over: true } : { go: way, acted: input.kind === 'timeout' };
}

function afterCallback(node: NodeOf<'callback'>, input: FlowInput, { times, stage }: Asked): Answered {
  const failed: Answered = { go: node.onFailure, acted: false };
  const go = (to: CallbackStage, tries = times): Answered => ({ again: { times: tries, stage: to } });
  if (stage?.step === 'book') return input.kind === 'done' ? { go: node.next, acted: true } : failed;
  if (stage?.step === 'ask' && input.kind === 'done') return go({ step: 'confirm', number: 'keyed' });
  if (stage?.step === 'confirm' && keyed(input) === '1') return go({ step: 'book', number: stage.number });
  // Another number: the first is no mistake, and keying one number after the other comes to an end.
  if (stage?.step === 'confirm' && keyed(input) === '2' && times <= node.retries + 1)
    return go({ step: 'ask' }, times + 1);
  return times <= node.retries && stage ? go(stage, times + 1) : failed;
}
