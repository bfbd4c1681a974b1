// The names that a flow may use: what is absent here is not checked, such as prompts where only a file is at hand.

import type { Flow, Language } from '../flow.ts';
import type { Part } from './parts.ts';
import type { FlowFields } from './schema.ts';

export interface KnownNames {
  queues?: Iterable<string> | undefined;
  reasons?: Iterable<string> | undefined;
  calendars?: Iterable<string> | undefined;
  /** Recorded prompts: those of every language, or by language. */
  prompts?: Iterable<string> | Readonly<Record<Language, Iterable<string>>> | undefined;
  /** Services that may be looked up in. */
  services?: Iterable<string> | undefined;
  /** The variables that each of them gives. */
  serviceValues?: ReadonlyMap<string, readonly string[]> | undefined;
  mailboxes?: Iterable<string> | undefined;
  /** Destinations of sealed digits. */
  destinations?: Iterable<string> | undefined;
  /** The other flows, for those that call them. */
  flows?: ReadonlyMap<string, FlowSignature> | undefined;
  parts?: ReadonlyMap<string, Part> | undefined;
}

/** What a flow that calls another one must know of it. */
export interface FlowSignature {
  parameters: readonly string[];
  /** The words that it can return. Empty: it never returns. */
  words: readonly string[];
  /** The sub-flows that it calls itself. */
  calls: readonly string[];
  /** The variables that it gives back; absent: not known. */
  gives?: readonly string[];
}

export function signatureOf(fields: FlowFields): FlowSignature {
  const nodes = Object.values(fields.nodes ?? {});
  const words = nodes.flatMap((node) => (node.return === undefined ? [] : [wordOf(node.return)]));
  const calls = nodes.flatMap((node) => (node['sub-flow'] === undefined ? [] : [node['sub-flow']]));
  const gives = nodes.flatMap((node) => Object.keys(node.give ?? {}));
  const each = (names: string[]) => [...new Set(names)];
  return { parameters: fields.parameters ?? [], words: each(words), calls: each(calls), gives: each(gives) };
}

export function signatureOfFlow(flow: Flow): FlowSignature {
  const words = new Set<string>();
  const calls = new Set<string>();
  const gives = new Set<string>();
  for (const node of flow.nodes.values()) {
    if (node.kind === 'return') {
      words.add(node.word);
      for (const name of Object.keys(node.give)) gives.add(name);
    }
    if (node.kind === 'subFlow') calls.add(node.flow);
  }
  return { parameters: flow.parameters, words: [...words], calls: [...calls], gives: [...gives] };
}

export const wordOf = (written: string | true): string => (written === true ? 'done' : written);

/** Iterators such as `map.keys()` can be read once only. */
export function listed(known: KnownNames): KnownNames {
  const { flows, parts, prompts, serviceValues, ...names } = known;
  const lists = Object.fromEntries(Object.entries(names).map(([what, all]) => [what, all && [...all]]));
  return { ...lists, flows, parts, serviceValues, prompts: prompts && listedPrompts(prompts) };
}

function listedPrompts(prompts: NonNullable<KnownNames['prompts']>): Record<Language, string[]> {
  if (!(Symbol.iterator in prompts)) return { ja: [...prompts.ja], en: [...prompts.en] };
  const all = [...prompts];
  return { ja: all, en: all };
}
