// Renders the templates of our Helm chart without Helm: the part of Go's text/template and of Helm's functions that they use,
// and no more. What it does not know is an error, so a chart that it renders uses nothing else.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'output'; pipeline: string }
  | { kind: 'if'; branches: { pipeline: string; body: Node[] }[]; otherwise: Node[] }
  | { kind: 'range'; names: string[]; pipeline: string; body: Node[] }
  | { kind: 'with'; pipeline: string; body: Node[] };

interface Scope {
  dot: unknown;
  variables: ReadonlyMap<string, unknown>;
}

/** Rendered text by the file's name, without the helpers. */
export function renderChart(chart: string, values: object, release = 'test'): Map<string, string> {
  const defaults = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as object;
  const about = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as { version: string; appVersion: string };
  const folder = join(chart, 'templates');
  const templates = new Map<string, Node[]>();
  const files = readdirSync(folder).map((name) => ({
    name,
    nodes: read(readFileSync(join(folder, name), 'utf8'), templates),
  }));
  const dot = {
    Values: merge(defaults, values),
    Release: { Name: release, Service: 'Helm' },
    Chart: { Version: about.version, AppVersion: about.appVersion },
  };
  const scope: Scope = { dot, variables: new Map([['$', dot]]) };
  return new Map(
    files.filter(({ name }) => !name.startsWith('_')).map(({ name, nodes }) => [name, render(nodes, scope, templates)]),
  );
}

function merge(under: unknown, over: unknown): unknown {
  if (!isMap(under) || !isMap(over)) return over === undefined ? under : over;
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(under[key], over[key])]));
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text and actions, nested; what `define` names goes into `templates`. */
function read(source: string, templates: Map<string, Node[]>): Node[] {
  const parts = source.split(/(\{\{-?[\s\S]*?-?\}\})/);
  for (let i = 1; i < parts.length; i += 2) {
    if (parts[i]!.startsWith('{{-')) parts[i - 1] = parts[i - 1]!.replace(/\s+$/, '');
    if (parts[i]!.endsWith('-}}')) parts[i + 1] = parts[i + 1]!.replace(/^\s+/, '');
  }
  let at = 0;

  /** Until `end` or `else`, which is returned. */
  function block(): { nodes: Node[]; stoppedBy: string } {
    const nodes: Node[] = [];
    while (at < parts.length) {
      const part = parts[at]!;
      at += 1;
      if (at % 2 === 1) {
        if (part !== '') nodes.push({ kind: 'text', text: part });
        continue;
      }
      const action = part.replace(/^\{\{-?\s*/, '').replace(/\s*-?\}\}$/, '');
      if (action.startsWith('/*')) continue;
      const [word = ''] = action.split(/\s/, 1);
      const rest = action.slice(word.length).trim();
      if (word === 'end' || word === 'else') return { nodes, stoppedBy: action };
      if (word === 'define') templates.set(rest.replaceAll('"', ''), block().nodes);
      else if (word === 'if') nodes.push(conditional(rest));
      else if (word === 'with') nodes.push({ kind: 'with', pipeline: rest, body: block().nodes });
      else if (word === 'range') {
        const [, names = '', pipeline = rest] = /^(\$[\w$, ]+?)\s*:=\s*(.*)$/.exec(rest) ?? [];
        nodes.push({
          kind: 'range',
          names: names
            .split(',')
            .map((one) => one.trim())
            .filter(Boolean),
          pipeline,
          body: block().nodes,
        });
      } else nodes.push({ kind: 'output', pipeline: action });
    }
    return { nodes, stoppedBy: '' };
  }

  function conditional(first: string): Node {
    const branches: { pipeline: string; body: Node[] }[] = [];
    let pipeline = first;
    for (;;) {
      const { nodes, stoppedBy } = block();
      branches.push({ pipeline, body: nodes });
      if (stoppedBy === 'end') return { kind: 'if', branches, otherwise: [] };
      if (stoppedBy === 'else') return { kind: 'if', branches, otherwise: block().nodes };
      pipeline = stoppedBy.replace(/^else if /, '');
    }
  }

  return block().nodes;
}

function render(nodes: Node[], scope: Scope, templates: Map<string, Node[]>): string {
  const value = (pipeline: string, inside = scope) => evaluate(pipeline, inside, templates);
  return nodes
    .map((node) => {
      if (node.kind === 'text') return node.text;
      if (node.kind === 'output') return String(value(node.pipeline) ?? '');
      if (node.kind === 'if') {
        const taken = node.branches.find(({ pipeline }) => isTrue(value(pipeline)));
        return render(taken?.body ?? node.otherwise, scope, templates);
      }
      const given = value(node.pipeline);
      if (node.kind === 'with') return isTrue(given) ? render(node.body, { ...scope, dot: given }, templates) : '';
      const entries = Array.isArray(given)
        ? [...given.entries()]
        : Object.entries(given ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
      return entries
        .map(([key, item]) => {
          const [first, second] = node.names.length === 1 ? [undefined, node.names[0]] : node.names;
          const variables = new Map(scope.variables);
          if (first) variables.set(first, key);
          if (second) variables.set(second, item);
          return render(node.body, { dot: item, variables }, templates);
        })
        .join('');
    })
    .join('');
}

const isTrue = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : isMap(value) ? Object.keys(value).length > 0 : Boolean(value);

const functions: Record<string, (...args: unknown[]) => unknown> = {
  quote: (value) => JSON.stringify(String(value ?? '')),
  toYaml: (value) => stringify(value).trimEnd(),
  nindent: (spaces, text) => `\n${indented(Number(spaces), String(text))}`,
  int: (value) => Math.trunc(Number(value)),
  until: (count) => Array.from({ length: Number(count) }, (_, index) => index),
  not: (value) => !isTrue(value),
  required: (message, value) => {
    if (value === undefined || value === '') throw new Error(String(message));
    return value;
  },
};

const indented = (spaces: number, text: string): string => text.replace(/^/gm, ' '.repeat(spaces));

/** `a | b c` is `b c a`; brackets nest. */
function evaluate(pipeline: string, scope: Scope, templates: Map<string, Node[]>): unknown {
  const tokens = pipeline.match(/"(?:[^"\\]|\\.)*"|[()|]|[^\s()|]+/g) ?? [];
  let at = 0;

  function whole(): unknown {
    let result = command([]);
    while (tokens[at] === '|') {
      at += 1;
      result = command([result]);
    }
    return result;
  }

  function command(piped: unknown[]): unknown {
    const first = tokens[at];
    if (first !== undefined && /^[a-z]\w*$/i.test(first) && !/^(true|false|nil)$/.test(first)) {
      at += 1;
      const args: unknown[] = [];
      while (at < tokens.length && tokens[at] !== '|' && tokens[at] !== ')') args.push(operand());
      return call(first, [...args, ...piped]);
    }
    return operand();
  }

  function operand(): unknown {
    const token = tokens[at] ?? '';
    at += 1;
    if (token === '(') {
      const inner = whole();
      at += 1;
      return inner;
    }
    if (token.startsWith('"')) return JSON.parse(token);
    if (/^-?\d+$/.test(token)) return Number(token);
    if (token.startsWith('$')) {
      const [name = '', ...path] = token.split('.');
      if (!scope.variables.has(name)) throw new Error(`${name} is not there: ${pipeline}`);
      return path.reduce<unknown>(step, scope.variables.get(name));
    }
    if (token.startsWith('.')) return token.split('.').filter(Boolean).reduce<unknown>(step, scope.dot);
    throw new Error(`“${token}” is not known here: ${pipeline}`);
  }

  function call(name: string, args: unknown[]): unknown {
    if (name === 'include') {
      const body = templates.get(String(args[0]));
      if (!body) throw new Error(`there is no template “${String(args[0])}”`);
      return render(body, { dot: args[1], variables: new Map([['$', args[1]]]) }, templates);
    }
    const known = functions[name];
    if (!known) throw new Error(`the function “${name}” is not known here: ${pipeline}`);
    return known(...args);
  }

  return whole();
}

/** As Helm with missing values: nothing below nothing is an error. */
function step(value: unknown, name: string): unknown {
  if (!isMap(value)) throw new Error(`.${name} of something that has no fields`);
  return value[name];
}
