// Reads a YAML text against a TypeBox schema and says what is wrong in sentences, with line and column (both from 1).
// Unknown keys name the nearest known one; a tagged union (objects with a `kind`) is checked against the branch it names.
// Defaults of the schema are filled in. Does not read files.

import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';

export interface YamlProblem {
  line: number;
  column: number;
  /** Dotted path, such as `http.port`; empty for the whole text. */
  path: string;
  message: string;
}

type Path = (string | number)[];
type Schema = TSchema & {
  minimum?: number;
  maximum?: number;
  minLength?: number;
  pattern?: string;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  patternProperties?: Record<string, Schema>;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
};

/** The value with defaults filled in, or every problem found. */
export function checkYaml(
  text: string,
  schema: TSchema,
):
  | { ok: true; value: unknown; position: (path: Path) => { line: number; column: number } }
  | { ok: false; problems: YamlProblem[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, uniqueKeys: true, prettyErrors: false });
  const position = (path: Path) => positionOf(document, lineCounter, path);
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const at = lineCounter.linePos(error.pos[0]);
      return { line: at.line, column: at.col, path: '', message: sentence(error.message) };
    });
    return { ok: false, problems };
  }
  const raw = withDefaults(schema as Schema, document.toJS() ?? {});
  const problems: YamlProblem[] = [];
  walk(schema as Schema, raw, [], (path, message) =>
    problems.push({ ...position(path), path: path.join('.'), message }),
  );
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, value: raw, position };
}

function sentence(message: string): string {
  const trimmed = message.trim().replace(/\.?$/, '.');
  return trimmed[0]!.toUpperCase() + trimmed.slice(1);
}

function positionOf(document: Document, lines: LineCounter, path: Path): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) {
      const at = lines.linePos(node.range[0]);
      return { line: at.line, column: at.col };
    }
  }
  return { line: 1, column: 1 };
}

/** Fills in defaults, also inside lists and the branch that a `kind` names; a required section that is left out is an empty one. */
function withDefaults(schema: Schema, value: unknown): unknown {
  if (value === undefined && schema.default !== undefined) return withDefaults(schema, structuredClone(schema.default));
  if (schema.anyOf && isRecord(value)) {
    const branch = schema.anyOf.find((one) => one.properties?.['kind']?.const === value['kind']);
    return branch ? withDefaults(branch, value) : value;
  }
  if (schema.type === 'array' && schema.items && Array.isArray(value))
    return value.map((item) => withDefaults(schema.items!, item));
  if (schema.type !== 'object' || !schema.properties) return value;
  if (value !== undefined && !isRecord(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [key, property] of Object.entries(schema.properties)) {
    const isSection = property.type === 'object' && property.properties && schema.required?.includes(key);
    if (filled[key] === undefined && property.default === undefined && !isSection) continue;
    filled[key] = withDefaults(property, filled[key]);
  }
  return filled;
}

function walk(schema: Schema, value: unknown, path: Path, report: (path: Path, message: string) => void): void {
  if (schema.anyOf) return walkUnion(schema, schema.anyOf, value, path, report);
  if (schema.type === 'object' && schema.properties) return walkObject(schema, value, path, report);
  if (schema.type === 'array' && schema.items && Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(schema.items, item, [...path, index], report);
    return;
  }
  if (!Value.Check(schema, value)) report(path, `${name(path)} must be ${expected(schema)}, but is ${shown(value)}.`);
}

function walkUnion(
  schema: Schema,
  branches: Schema[],
  value: unknown,
  path: Path,
  report: (path: Path, message: string) => void,
) {
  const kinds: unknown[] = branches.map((branch) => branch.properties?.['kind']?.const);
  const tagged = kinds.every((kind) => kind !== undefined);
  if (!tagged) {
    const objects = branches.filter((branch) => branch.type === 'object');
    if (objects.length === 1 && isRecord(value)) return walk(objects[0]!, value, path, report);
    if (!Value.Check(schema, value)) report(path, `${name(path)} must be ${expected(schema)}, but is ${shown(value)}.`);
    return;
  }
  const kind = isRecord(value) ? value['kind'] : undefined;
  const branch = kind === undefined ? undefined : branches[kinds.indexOf(kind)];
  if (branch) return walk(branch, value, path, report);
  report(path, `${name(path)} needs a kind: ${kinds.map((known) => `“${String(known)}”`).join(' or ')}.`);
}

function walkObject(schema: Schema, value: unknown, path: Path, report: (path: Path, message: string) => void): void {
  if (!isRecord(value)) return report(path, `${name(path)} must be a set of keys, but is ${shown(value)}.`);
  const properties = schema.properties ?? {};
  for (const key of Object.keys(value)) {
    if (properties[key]) walk(properties[key], value[key], [...path, key], report);
    else if (!schema.patternProperties) {
      const near = nearest(key, Object.keys(properties));
      report([...path, key], `Unknown key “${key}”${near ? `; did you mean “${near}”?` : '.'}`);
    }
  }
  for (const key of schema.required ?? []) {
    if (!(key in value)) report(path, `${name(path)} needs “${key}”.`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const name = (path: Path): string => (path.length === 0 ? 'The file' : path.join('.'));

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a set of keys' : `“${String(value)}”`;
}

function expected(schema: Schema): string {
  if (schema.const !== undefined) return `“${String(schema.const)}”`;
  if (schema.enum) return schema.enum.map((one) => `“${String(one)}”`).join(' or ');
  if (schema.anyOf) return schema.anyOf.map(expected).join(' or ');
  const range = [
    schema.minimum !== undefined ? `at least ${String(schema.minimum)}` : '',
    schema.maximum !== undefined ? `at most ${String(schema.maximum)}` : '',
    schema.minLength !== undefined ? 'not empty' : '',
    schema.pattern !== undefined ? `like ${String(schema.pattern)}` : '',
  ].filter(Boolean);
  const kinds: Record<string, string> = {
    integer: 'a whole number',
    number: 'a number',
    string: 'a text',
    boolean: 'true or false',
    array: 'a list',
    object: 'a set of keys',
    null: 'null',
  };
  return [kinds[schema.type ?? ''] ?? 'something else', ...range].join(', ');
}

/** The known word that is closest to a mistyped one, if any is close (Levenshtein distance of at most a third). */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({ candidate, distance: distance(word, candidate) }));
  const best = ranked.sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= Math.max(1, Math.ceil(word.length / 3)) ? best.candidate : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** An object that refuses keys it does not know; what it is for is its description. */
export function section<T extends Record<string, TSchema>>(description: string, properties: T) {
  return Type.Object(properties, { additionalProperties: false, description });
}
