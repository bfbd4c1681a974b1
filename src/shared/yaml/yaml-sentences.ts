// The words of the YAML reader: what a place is called, what is expected there, what stands there, what its syntax lacks.

import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Schema } from './yaml-schema.ts';

const sentences: Record<string, string> = {
  DUPLICATE_KEY: 'this key is written twice; keep one of the two',
  TAB_AS_INDENT: 'a tab is used for indentation; YAML takes spaces only',
  MULTIPLE_DOCS: 'a second document begins here ("---"); one file holds one document',
  BAD_ALIAS: 'a "*" at the beginning of a word means an alias in YAML; put it in quotes: "*"',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on this line; put a text that contains a colon in quotes',
  BAD_INDENT: 'the indentation does not fit the lines above, or a bracket is not closed',
  MISSING_CHAR: 'a comma, bracket or quotation mark is missing here; "*" and "#" need quotes',
};

export function syntaxSentence(code: string, message: string): string {
  return (
    sentences[code] ??
    message
      .trim()
      .replace(/\.$/, '')
      .replace(/^[A-Z]/, (first) => first.toLowerCase())
  );
}

export function label(path: readonly string[]): string {
  const last = path.at(-1);
  return last === undefined ? 'the file' : `"${last}"`;
}

export function whatFor(schema: Schema | undefined): string {
  const says = (schema as { description?: string } | undefined)?.description;
  return says ? ` (${says.replace(/\..*$/, '').replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase())})` : '';
}

export function expected(schema: Schema): string {
  if (schema['x-says']) return schema['x-says'];
  if (schema.const !== undefined) return `${schema.const}`;
  if (schema.enum) return schema.enum.join(' or ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(expected))].join(' or ');
  if (schema.type === 'integer') {
    const { minimum, maximum } = schema;
    if (maximum !== undefined) return `a whole number from ${minimum ?? 0} to ${maximum}`;
    return minimum === undefined ? 'a whole number' : `a whole number of at least ${minimum}`;
  }
  if (schema.type === 'number' && schema.maximum !== undefined)
    return `a number from ${schema.minimum ?? 0} to ${schema.maximum}`;
  if (schema.type === 'string' && schema.pattern) return `a text like ${schema.pattern}`;
  const kinds: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a set of keys',
    null: 'empty',
  };
  return kinds[schema.type ?? ''] ?? 'something else';
}

export function shown(node: Node | null): string {
  if (isMap(node)) return 'a set of keys';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null || node.value === '') return 'empty';
  const text = node.source ?? String(node.value);
  if (typeof node.value !== 'string') return text.slice(0, 40);
  return text.length > 40 ? `"${text.slice(0, 40)}…"` : `"${text}"`;
}
