// One node: from its fields as written to what run.ts carries out, with what is not written filled in.
// Only for fields without errors, so what the schema requires is there.

import type { Announce, Condition, FlowNode, OverflowCause, Say, Sticky, VerifyCheck } from '../flow.ts';
import { wordOf } from './known-names.ts';
import {
  type CheckFields,
  type ConditionFields,
  hangUpName,
  type NodeFields,
  repeatName,
  type SayFields,
  type WordsFields,
} from './schema.ts';

type Texts = ReadonlyMap<string, WordsFields>;

export function nodeFrom(name: string, node: NodeFields, texts: Texts): FlowNode {
  return asking(name, node, texts) ?? deciding(node) ?? leaving(node, texts);
}

/** Nodes that say or ask something. */
function asking(name: string, node: NodeFields, texts: Texts): FlowNode | undefined {
  const next = node.next ?? hangUpName;
  if (node.say) return { kind: 'say', say: sayFrom(node.say, texts), next };
  if (node.play !== undefined) return { kind: 'say', say: { prompt: node.play }, next };
  if (node.menu) return menuFrom(name, node, sayFrom(node.menu, texts));
  if (node.collect) return collectFrom(name, node, sayFrom(node.collect, texts));
  if (node.listen) return listenFrom(name, node, sayFrom(node.listen, texts));
  if (node.lookup !== undefined) {
    return {
      kind: 'lookup',
      service: node.lookup,
      parameters: { ...node.with },
      reasonFrom: node['reason-from'] ?? null,
      reasons: node.reasons ?? null,
      found: node.found!,
      notFound: node['not-found']!,
      onFailure: node['on-failure']!,
    };
  }
  return node.verify === undefined ? undefined : verifyFrom(node, node.verify, sayFrom(node.ask!, texts));
}

/** Nodes that need nobody. */
function deciding(node: NodeFields): FlowNode | undefined {
  const next = node.next ?? hangUpName;
  const otherwise = node.else ?? hangUpName;
  if (node.reason !== undefined) return { kind: 'reason', reason: node.reason, next };
  if (node.hours !== undefined) {
    const closed = node.closed!;
    const others = { holiday: node.holiday ?? closed, closure: node.closure ?? closed };
    return { kind: 'hours', calendar: node.hours, open: node.open!, closed, ...others };
  }
  if (node.when) {
    const ways = node.when.map((way) => ({
      if: conditionFrom(way.if ?? {}),
      unless: way.unless ? conditionFrom(way.unless) : null,
      go: way.go,
    }));
    return { kind: 'when', ways, otherwise };
  }
  if (node.switch !== undefined) {
    return { kind: 'switch', variable: node.switch, cases: new Map(Object.entries(node.cases ?? {})), otherwise };
  }
  if (node.set) {
    const { variables, priority, skills } = node.set;
    const set = {
      variables: { ...variables },
      priority: priority ?? null,
      skills: { ...skills },
      sticky: stickyFrom(node.set),
    };
    return { kind: 'set', set, next };
  }
  if (node.language !== undefined) return { kind: 'language', language: node.language, next };
  if (node['sub-flow'] !== undefined) {
    const returns = new Map(Object.entries(node.returns ?? {}));
    return { kind: 'subFlow', flow: node['sub-flow'], parameters: { ...node.with }, returns, next };
  }
  if (node.return === undefined) return undefined;
  return { kind: 'return', word: wordOf(node.return), give: { ...node.give } };
}

/** Nodes by which the caller leaves the flow, for a while or for good. */
function leaving(node: NodeFields, texts: Texts): FlowNode {
  const onFailure = node['on-failure'] ?? hangUpName;
  if (node.queue !== undefined) return queueFrom(node, node.queue, texts);
  if (node.callback !== undefined) {
    return {
      kind: 'callback',
      queue: node.callback,
      priority: node.priority ?? 0,
      skills: { ...node.skills },
      confirm: sayFrom(node.confirm!, texts),
      ask: sayFrom(node.ask!, texts),
      retries: node.retries ?? 2,
      timeoutSeconds: node['timeout-seconds'] ?? 6,
      next: node.next!,
      onFailure,
    };
  }
  if (node.voicemail !== undefined) {
    const next = node.next ?? hangUpName;
    return {
      kind: 'voicemail',
      mailbox: node.voicemail,
      say: node.greeting ? sayFrom(node.greeting, texts) : null,
      maxSeconds: node['max-seconds'] ?? 120,
      silenceSeconds: node['silence-seconds'] ?? 5,
      next,
      onFailure: node['on-failure'] ?? next,
    };
  }
  if (node.transfer !== undefined) {
    const number = node.transfer.replaceAll('-', '');
    return { kind: 'transfer', number, ringTimeoutSeconds: node['ring-timeout-seconds'] ?? 30, onFailure };
  }
  const said = node['hang-up'];
  return { kind: 'hangup', say: said === undefined || said === true ? null : sayFrom(said, texts) };
}

function choicesFrom(name: string, choices: Record<string, string> | undefined): Record<string, string> {
  const all = Object.entries(choices ?? {});
  return Object.fromEntries(all.map(([keys, target]) => [keys, target === repeatName ? name : target]));
}

function menuFrom(name: string, node: NodeFields, say: Say): FlowNode {
  const onTimeout = node['on-timeout'] ?? hangUpName;
  return {
    kind: 'menu',
    say,
    choices: choicesFrom(name, node.choices),
    timeoutSeconds: node['timeout-seconds'] ?? 6,
    retries: node.retries ?? 2,
    onTimeout,
    onInvalid: node['on-invalid'] ?? onTimeout,
  };
}

function digitsFrom(node: NodeFields) {
  const maxDigits = node['max-digits']!;
  return {
    minDigits: node['min-digits'] ?? maxDigits,
    maxDigits,
    terminator: node['end-key'] ?? '#',
    timeoutSeconds: node['timeout-seconds'] ?? 6,
    retries: node.retries ?? 2,
  };
}

function collectFrom(name: string, node: NodeFields, say: Say): FlowNode {
  return {
    kind: 'collect',
    say,
    variable: node.variable ?? name,
    ...digitsFrom(node),
    next: node.next!,
    onFailure: node['on-failure'] ?? hangUpName,
  };
}

function listenFrom(name: string, node: NodeFields, say: Say): FlowNode {
  const onNothing = node['on-nothing']!;
  return {
    kind: 'listen',
    say,
    phrases: Object.entries(node.phrases ?? {}).map(([go, phrases]) => ({ phrases, go })),
    choices: choicesFrom(name, node.choices),
    maxSeconds: node['max-seconds'] ?? 10,
    timeoutSeconds: node['timeout-seconds'] ?? 5,
    retries: node.retries ?? 2,
    onNothing,
    onFailure: node['on-failure'] ?? onNothing,
  };
}

function verifyFrom(node: NodeFields, factor: string, say: Say): FlowNode {
  const notVerified = node['not-verified']!;
  return {
    kind: 'verify',
    factor,
    say,
    check: checkFrom(node.check!, factor),
    ...digitsFrom(node),
    verified: node.verified!,
    notVerified,
    onFailure: node['on-failure'] ?? notVerified,
  };
}

function checkFrom(check: CheckFields, factor: string): VerifyCheck<Record<string, string>> {
  if (check === 'code') return { kind: 'code' };
  if ('seal' in check) return { kind: 'seal', destination: check.seal };
  const { lookup, with: parameters } = check;
  return { kind: 'lookup', service: lookup, parameters: { ...parameters }, digitsAs: check['digits-as'] ?? factor };
}

function queueFrom(node: NodeFields, queue: string, texts: Texts): FlowNode {
  const ways: [OverflowCause, string | undefined][] = [
    ['timeout', node['on-timeout']],
    ['full', node['on-full']],
    ['nobody', node['on-nobody']],
    ['left-empty', node['on-empty']],
  ];
  return {
    kind: 'queue',
    queue,
    priority: node.priority ?? 0,
    skills: { ...node.skills },
    sticky: stickyFrom(node),
    overflow: Object.fromEntries(ways.filter(([, to]) => to !== undefined)),
    timeoutSeconds: node['timeout-seconds'] ?? null,
    comfort: node.comfort ? sayFrom(node.comfort, texts) : null,
    comfortEverySeconds: node['comfort-every-seconds'] ?? 30,
    announce: announceFrom(node.announce),
    music: node.music ?? null,
    keys: { ...node.keys },
  };
}

function announceFrom(fields: NodeFields['announce']): Announce | null {
  if (!fields?.position && !fields?.wait) return null;
  const everySeconds = fields['every-seconds'] ?? 60;
  return { position: fields.position ?? false, estimatedWait: fields.wait ?? false, everySeconds };
}

function stickyFrom(fields: { 'sticky-seconds'?: number }): Sticky | null {
  const seconds = fields['sticky-seconds'];
  return seconds === undefined ? null : { to: 'last-agent', seconds };
}

function conditionFrom(fields: ConditionFields): Condition {
  const condition: Record<string, unknown> = {};
  const { withheld, known, variables, ...lists } = fields;
  if (withheld !== undefined) condition['withheld'] = withheld;
  if (known !== undefined) condition['known'] = known;
  for (const [key, list] of Object.entries(lists)) condition[key] = [list].flat();
  const values = Object.entries(variables ?? {}).map(([name, value]) => [name, [value].flat()]);
  if (variables) condition['variables'] = Object.fromEntries(values);
  return condition;
}

export function sayFrom(fields: SayFields, texts: Texts): Say {
  if ('prompt' in fields) return { prompt: fields.prompt };
  if ('text' in fields) {
    const words = texts.get(fields.text);
    return words ? sayFrom(words, texts) : { ja: '' };
  }
  const say: Say = { ja: fields.ja };
  if (fields['ja-kana'] !== undefined) say.jaKana = fields['ja-kana'];
  if (fields.en !== undefined) say.en = fields.en;
  return say;
}
