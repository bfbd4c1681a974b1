// Reads a YAML text that people edit against a TypeBox schema, and reports every mistake with line and column (both from 1).
// What is wrong is left out of the value and the rest is kept, so that one slip does not hide the next. What is not written
// has the schema's default.
//
// A union is told apart by its `kind:`, or by the key that names it (`menu:`, `queue:`). A telephone number may stand without
// quotes (+8131234… is text where text is asked for). Keys have positions of their own. Understands the part of JSON Schema
// that our schemas use (yaml-schema.ts). Reads no files. Never throws.

import type { TSchema } from 'typebox';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { nearest } from '../nearest.ts';
import { canBeLeftOut, type Schema, whenLeftOut } from './yaml-schema.ts';
import { expected, label, shown, syntaxSentence, whatFor } from './yaml-sentences.ts';

export type YamlPath = readonly string[];

export interface YamlProblem {
  severity: 'error' | 'warning';
  file: string;
  line: number;
  column: number;
  message: string;
}

export interface YamlReading {
  /** What could be read; undefined when nothing could. Records have no prototype. */
  value: unknown;
  problems: YamlProblem[];
  /** The keys written in the record with this path, those included whose value could not be read. */
  keysAt(path: YamlPath): string[];
  /** True if an error was reported at this path or within. */
  brokenAt(path: YamlPath): boolean;
  /** Adds a problem at the value with this path, or at its key; the nearest outer place if there is none. */
  report(severity: YamlProblem['severity'], path: YamlPath, message: string, where?: 'key' | 'value'): void;
}

/** Nobody writes larger files by hand. */
const maxLength = 256 * 1024;
/** The parser descends once per bracket, and a stack that ends there ends the process. */
const maxBrackets = 4000;
const maxDashesInARow = 50;

const missing = Symbol('missing');

/** `owner` names the thing that a path lies in, such as `node "why"`, for the beginning of sentences. */
export function readYaml(
  text: string,
  file: string,
  schema: TSchema,
  owner: (path: YamlPath) => string | undefined,
): YamlReading {
  const lines = new LineCounter();
  const problems: YamlProblem[] = [];
  const places = new Map<string, number>();
  const add = (severity: YamlProblem['severity'], offset: number, message: string) => {
    const { line, col } = lines.linePos(offset);
    problems.push({ severity, file, line: Math.max(1, line), column: Math.max(1, col), message });
  };
  const broken: YamlPath[] = [];
  const report: YamlReading['report'] = (severity, path, message, where = 'value') => {
    let offset: number | undefined;
    for (let depth = path.length; offset === undefined && depth >= 0; depth--) {
      const outer = path.slice(0, depth);
      if (where === 'key') offset = places.get(placeOf(outer, 'key'));
      offset ??= places.get(placeOf(outer, 'value'));
    }
    const whose = owner(path);
    if (severity === 'error') broken.push(path);
    add(severity, offset ?? 0, `${whose ? `${whose}: ` : ''}${message}`);
  };

  const keys = new Map<string, string[]>();
  const keysAt = (path: YamlPath) => keys.get(placeOf(path, 'value')) ?? [];
  const brokenAt = (path: YamlPath) => broken.some((one) => path.every((key, at) => one[at] === key));
  const reading: YamlReading = { value: undefined, problems, report, keysAt, brokenAt };
  const tooMuch = refusal(text);
  if (tooMuch) {
    add('error', 0, tooMuch);
    return reading;
  }
  const contents = parse(text, lines, add);
  if (contents === undefined) return reading;
  const walker = new Walker(places, keys, report);
  const value = walker.read(contents, schema as Schema, []);
  if (value !== missing) reading.value = value;
  return reading;
}

/** Order of problems as one goes through a file. */
export function byPlace(a: YamlProblem, b: YamlProblem): number {
  return a.line - b.line || a.column - b.column;
}

function placeOf(path: YamlPath, where: 'key' | 'value'): string {
  return `${where}:${JSON.stringify(path)}`;
}

function refusal(text: string): string | undefined {
  if (text.length > maxLength) return `the file is larger than ${maxLength / 1024} KB`;
  if ((text.match(/[[{]/g)?.length ?? 0) > maxBrackets) return `the file has more than ${maxBrackets} brackets`;
  const dashes = new RegExp(`(?:[-?:][ \\t]+){${maxDashesInARow}}`);
  if (dashes.test(text)) return 'lists are nested too deeply';
  return undefined;
}

type Add = (severity: YamlProblem['severity'], offset: number, message: string) => void;

/** The content of the document; undefined when its syntax is so broken that reading on would only confuse. */
function parse(text: string, lineCounter: LineCounter, add: Add): Node | null | undefined {
  try {
    const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true, logLevel: 'error' });
    for (const error of document.errors) add('error', error.pos[0], syntaxSentence(error.code, error.message));
    // A key written twice is a mistake of its own; the rest of the file can still be read.
    return document.errors.every((error) => error.code === 'DUPLICATE_KEY') ? document.contents : undefined;
  } catch (thrown) {
    add('error', 0, `the file cannot be read as YAML: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return undefined;
  }
}

class Walker {
  readonly #places: Map<string, number>;
  readonly #keys: Map<string, string[]>;
  readonly #report: YamlReading['report'];

  constructor(places: Map<string, number>, keys: Map<string, string[]>, report: YamlReading['report']) {
    this.#places = places;
    this.#keys = keys;
    this.#report = report;
  }

  read(node: Node | null, schema: Schema, path: YamlPath): unknown {
    if (node?.range) this.#places.set(placeOf(path, 'value'), node.range[0]);
    if (node && (isAlias(node) || (node as Scalar).anchor)) {
      return this.#wrong(path, 'anchors and aliases (& and *) are not used here; write it out, or put it in quotes');
    }
    if (schema.anyOf) return this.#readUnion(node, schema.anyOf, path);
    if (schema.enum) return this.#readWord(node, schema.enum, path);
    if (schema.type === 'object') return this.#readObject(node, schema, path);
    if (schema.type === 'array') return this.#readList(node, schema, path);
    return this.#readScalar(node, schema, path);
  }

  #wrong(path: YamlPath, message: string, where: 'key' | 'value' = 'value'): typeof missing {
    this.#report('error', path, message, where);
    return missing;
  }

  #readUnion(node: Node | null, variants: Schema[], path: YamlPath): unknown {
    const words = variants.map((variant) => variant.const).filter((word) => word !== undefined);
    if (words.length === variants.length) return this.#readWord(node, words, path);
    if (!isMap(node)) {
      const plain = variants.filter((variant) => variant.type !== 'object' && this.#fits(node, variant));
      if (plain[0]) return this.read(node, plain[0], path);
      const near = isScalar(node) ? nearest(String(node.value), words.map(String)) : undefined;
      const hint = near ? `; did you mean "${near}"?` : '';
      const asked = expected({ anyOf: variants } as Schema);
      return this.#wrong(path, `${label(path)} must be ${asked}, not ${shown(node)}${hint}`);
    }
    const objects = variants.filter((variant) => variant.type === 'object');
    if (objects.length === 1) return this.read(node, objects[0]!, path);
    if (objects.every((variant) => kindOf(variant) !== undefined)) return this.#readTagged(node, objects, path);
    const keys = node.items.map((pair) => keyText(pair) ?? '');
    const named = objects.filter((variant) => keys.includes(variant.required?.[0] ?? ''));
    if (named.length === 1) return this.read(node, named[0]!, path);
    const choices = objects.map((variant) => variant.required![0]!);
    if (named.length > 1) {
      const both = named.map((variant) => `"${variant.required![0]}"`).join(' and ');
      return this.#wrong(path, `${label(path)} has ${both}; only one of them can be meant`, 'key');
    }
    const near = keys.map((key) => [key, nearest(key, choices)] as const).find(([, word]) => word !== undefined);
    if (near) {
      this.#placeKeys(node, path);
      return this.#wrong([...path, near[0]], `"${near[0]}" is not known; did you mean "${near[1]}"?`, 'key');
    }
    return this.#wrong(path, `${label(path)} needs one of ${choices.map((choice) => `"${choice}"`).join(', ')}`, 'key');
  }

  #readTagged(node: YAMLMap, variants: Schema[], path: YamlPath): unknown {
    const usual = variants.map((variant) => variant.properties?.['kind']?.default).find((each) => each !== undefined);
    const kind = node.get('kind') ?? usual;
    const branch = variants.find((variant) => kindOf(variant) === kind);
    if (branch) return this.read(node, branch, path);
    const kinds = variants.map((variant) => String(kindOf(variant)));
    const choices = kinds.map((known) => `"${known}"`).join(' or ');
    if (kind === undefined) return this.#wrong(path, `${label(path)} needs a kind: ${choices}`, 'key');
    this.#placeKeys(node, path);
    const near = nearest(String(kind), kinds);
    const hint = near ? `; did you mean "${near}"?` : '';
    return this.#wrong([...path, 'kind'], `"kind" must be ${choices}, not "${String(kind)}"${hint}`, 'key');
  }

  #placeKeys(node: YAMLMap, path: YamlPath): void {
    for (const pair of node.items) {
      const key = keyText(pair);
      const range = (pair.key as Scalar).range;
      if (key !== undefined && range) this.#places.set(placeOf([...path, key], 'key'), range[0]);
    }
  }

  #readWord(node: Node | null, words: unknown[], path: YamlPath): unknown {
    if (isScalar(node)) for (const word of words) if (node.value === word) return word;
    const said = isScalar(node) && typeof node.value === 'string' ? nearest(node.value, words.map(String)) : undefined;
    const hint = said ? `; did you mean "${said}"?` : '';
    return this.#wrong(path, `${label(path)} must be ${words.join(' or ')}, not ${shown(node)}${hint}`);
  }

  #fits(node: Node | null, schema: Schema): boolean {
    const value = isScalar(node) ? node.value : node === null ? null : undefined;
    if (schema.anyOf) return schema.anyOf.some((variant) => this.#fits(node, variant));
    if (schema.const !== undefined) return value === schema.const;
    if (schema.type === 'null') return value === null;
    if (schema.type === 'array') return isSeq(node);
    if (schema.type === 'string') return typeof value === 'string' || typeof value === 'number';
    return typeof value === (schema.type === 'integer' ? 'number' : schema.type);
  }

  #readObject(node: Node | null, schema: Schema, path: YamlPath): unknown {
    if (isNothing(node) && canBeLeftOut(schema)) return whenLeftOut(schema);
    if (!isMap(node)) return this.#wrong(path, `${label(path)} must be ${expected(schema)}, not ${shown(node)}`);
    const value: Record<string, unknown> = Object.create(null);
    const present = new Set<string>();
    for (const pair of node.items) {
      const key = keyText(pair);
      if (key === undefined) {
        this.#wrong(path, 'a key must be a plain word');
        continue;
      }
      const at = [...path, key];
      const range = (pair.key as Scalar).range;
      // Of a key written twice, the first is read.
      if (present.has(key)) continue;
      present.add(key);
      if (range) {
        this.#places.set(placeOf(at, 'key'), range[0]);
        this.#places.set(placeOf(at, 'value'), range[0]);
      }
      const property = this.#propertyFor(schema, key, at);
      if (!property) continue;
      const read = this.read((pair.value as Node | null) ?? null, property, at);
      if (read !== missing) value[key] = read;
    }
    this.#keys.set(placeOf(path, 'value'), [...present]);
    this.#leftOut(schema, present, value, path);
    if (present.size < (schema.minProperties ?? 0)) this.#wrong(path, `${label(path)} is empty`, 'key');
    return value;
  }

  #leftOut(schema: Schema, present: ReadonlySet<string>, value: Record<string, unknown>, path: YamlPath): void {
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      if (present.has(key)) continue;
      const required = schema.required?.includes(key) === true;
      if (property.default !== undefined || (required && canBeLeftOut(property))) value[key] = whenLeftOut(property);
      else if (required) this.#wrong([...path, key], `"${key}" is missing${whatFor(property)}`, 'key');
    }
  }

  #propertyFor(schema: Schema, key: string, at: YamlPath): Schema | undefined {
    if (schema.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
    for (const [pattern, property] of Object.entries(schema.patternProperties ?? {})) {
      if (patternOf(pattern).test(key)) return property;
      this.#wrong(at, `"${key}" is not ${schema['x-keys'] ?? 'a name'}`, 'key');
      return undefined;
    }
    const known = Object.keys(schema.properties ?? {});
    const near = nearest(key, known);
    const hint = near ? `did you mean "${near}"?` : `it can be ${known.join(', ')}`;
    this.#wrong(at, `"${key}" is not known here; ${hint}`, 'key');
    return undefined;
  }

  #readList(node: Node | null, schema: Schema, path: YamlPath): unknown {
    if (!isSeq(node)) return this.#wrong(path, `${label(path)} must be a list, not ${shown(node)}`);
    const values = node.items.map((item, at) => this.read(item as Node | null, schema.items!, [...path, String(at)]));
    return values.filter((value) => value !== missing);
  }

  #readScalar(node: Node | null, schema: Schema, path: YamlPath): unknown {
    const wrong = () => this.#wrong(path, `${label(path)} must be ${expected(schema)}, not ${shown(node)}`);
    if (node !== null && !isScalar(node)) return wrong();
    const value = scalarFor(node, schema);
    if (schema.const !== undefined) return value === schema.const ? value : wrong();
    if (schema.type === 'null') return value === null || value === undefined ? null : wrong();
    if (typeof value === 'number') {
      const whole = schema.type !== 'integer' || Number.isInteger(value);
      const inRange = value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
      return whole && inRange && schema.type !== 'string' ? value : wrong();
    }
    if (typeof value === 'string' && schema.type === 'string') {
      const long = value.length >= (schema.minLength ?? 0) && value.length <= (schema.maxLength ?? Infinity);
      return long && (!schema.pattern || patternOf(schema.pattern).test(value)) ? value : wrong();
    }
    return typeof value === schema.type ? value : wrong();
  }
}

/** Where text is asked for, a number means what was written: 0120 keeps its zero, +81 its plus. */
function scalarFor(node: Scalar | null, schema: Schema): unknown {
  if (schema.type === 'string' && typeof node?.value === 'number') return node.source ?? String(node.value);
  return node?.value;
}

const patterns = new Map<string, RegExp>();

/** Those with classes of Unicode take long to make, and each key of a file asks for one. */
function patternOf(source: string): RegExp {
  const known = patterns.get(source) ?? new RegExp(source, 'u');
  patterns.set(source, known);
  return known;
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** What a variant of a tagged union has for its `kind`. */
const kindOf = (variant: Schema): unknown => variant.properties?.['kind']?.const;

function keyText(pair: Pair): string | undefined {
  const key = pair.key;
  if (!isScalar(key) || (key as Scalar).anchor) return undefined;
  if (typeof key.value === 'string') return key.value;
  return typeof key.value === 'number' ? (key.source ?? String(key.value)) : undefined;
}
