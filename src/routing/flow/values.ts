// What a flow knows of this call: values by name, and texts that name them. Values may be personal (what a caller keyed, what a
// company service answered): they can be read, but neither print themselves nor get into JSON.

import type { FlowValues, Say, Template } from './flow.ts';

/** `{tier}`, `{number:digits}`, `{call.language}`. */
const placeholder = /\{([\p{L}\p{N}_-]+(?:\.[a-z-]+)?)(:digits)?\}/gu;

/** The only way to the caller's number: a parameter of a lookup that is this and nothing else. */
export const callerNumberTemplate: Template = '{caller.number}';

/** In what a callback says: the end of the number, put in where it is spoken. */
export const spokenNumberName = 'number';

/** `printed` in place of the values wherever something is logged. */
const printed = '[values of a flow]';

class ConcealedValues implements FlowValues {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: Iterable<readonly [string, string]>) {
    this.#values = new Map(values);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  entries(): readonly (readonly [string, string])[] {
    return [...this.#values];
  }

  toString(): string {
    return printed;
  }

  toJSON(): string {
    return printed;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return printed;
  }
}

export function concealed(values: Iterable<readonly [string, string]>): FlowValues {
  return new ConcealedValues(values);
}

/** What is not known is nothing. With `keep`, that name stays as it is written. */
export function rendered(template: Template, known: (name: string) => string | undefined, keep?: string): string {
  return template.replace(placeholder, (whole, name: string, digits: string | undefined) => {
    if (name === keep) return whole;
    const value = known(name) ?? '';
    return digits ? [...value].join(' ') : value;
  });
}

/** The names that a text asks for. */
export function namesIn(template: Template): string[] {
  return [...template.matchAll(placeholder)].map((match) => match[1]!);
}

export function renderedSay(say: Say, known: (name: string) => string | undefined, keep?: string): Say {
  if ('prompt' in say) return say;
  const made: Say = { ja: rendered(say.ja, known, keep) };
  if (say.jaKana !== undefined) made.jaKana = rendered(say.jaKana, known, keep);
  if (say.en !== undefined) made.en = rendered(say.en, known, keep);
  return made;
}

/** Texts with a variable in them cannot be made into sound before the call. */
export function hasNames(say: Say): boolean {
  return !('prompt' in say) && [say.ja, say.jaKana ?? '', say.en ?? ''].some((text) => namesIn(text).length > 0);
}
