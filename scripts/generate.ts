// Writes the files that are made from the sources: config/example.yaml and docs/configuration.md from the configuration's
// schema, config/flow.schema.json and flow-part.schema.json from the flows', docs/openapi.json is served by the program itself.
// `--check` writes nothing and fails when one is not up to date.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigSchema } from '../src/config/schema.ts';
import { flowJsonSchema, partJsonSchema } from '../src/routing/flow/file/schema.ts';
import { projectRoot } from '../src/shared/paths.ts';

interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
}

const width = 110;

function comment(text: string | undefined, indent: string): string[] {
  if (!text) return [];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && indent.length + line.length + word.length + 3 > width) {
      lines.push(line);
      line = '';
    }
    line += (line ? ' ' : '') + word;
  }
  return [...lines, line].map((one) => `${indent}# ${one}`);
}

function plain(value: unknown): string {
  if (typeof value === 'string')
    return /^[a-z0-9./-]+$/i.test(value) && !/^\d+$/.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, one]) => `${key}: ${plain(one)}`)
      .join(', ')} }`;
  return String(value);
}

/** Values for what has no default, so that the example is a configuration that works once paths and addresses are yours. */
const samples: Record<string, unknown> = {
  'company.numbers[].number': '+81312345678',
  'company.numbers[].label': { ja: '代表番号', en: 'Main number' },
  'company.numbers[].flow': 'main',
  'http.tls.certFile': '/etc/engawa/fullchain.pem',
  'http.tls.keyFile': '/etc/engawa/privkey.pem',
  'recording.recipients': ['age1hx9m97tdlgptp89fqrwrsvmh6mluzyrc47gkaq4qghs4mjmcm9eq4wjct7'],
  'trunks[].name': 'carrier',
  'trunks[].addresses': ['192.0.2.10'],
  'trunks[].targets[].host': '192.0.2.10',
  'queues[].name': 'general',
  'queues[].label': { ja: '一般のお問い合わせ', en: 'General questions' },
};

/** Further items of a list, written on a line each: the flows that come with Engawa want both queues. */
const moreItems: Record<string, unknown[]> = {
  queues: [{ name: 'contracts', label: { ja: 'ご契約', en: 'Contracts' } }],
};

/** Every key with its meaning and its default; what is optional and has neither is commented out. */
function exampleOf(schema: Schema, path: string, indent: string): string[] {
  const lines: string[] = [];
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const name = path ? `${path}.${key}` : key;
    lines.push(
      ...comment(property.description, indent),
      ...entryOf(key, property, name, indent, schema.required?.includes(key) ?? false),
    );
    if (indent === '') lines.push('');
  }
  return lines;
}

function entryOf(key: string, property: Schema, name: string, indent: string, required: boolean): string[] {
  const sample = samples[name];
  const branches = property.anyOf?.filter((branch) => branch.properties?.['kind']);
  if (sample !== undefined) return [`${indent}${key}: ${plain(sample)}`];
  if (branches && branches.length > 0) {
    const [first, ...others] = branches.map((branch, index) => [
      ...comment(`${index === 0 ? 'Either' : 'Or'}: ${branch.description ?? ''}`, `${indent}  `),
      ...exampleOf(branch, name, `${indent}  `),
    ]);
    const off = others.flat().map((line) => (line.trim().startsWith('#') ? line : line.replace(/^(\s*)/, '$1# ')));
    return [`${indent}${key}:`, ...(first ?? []), ...off];
  }
  const inner = property.properties ? exampleOf(property, name, `${indent}  `) : undefined;
  if (inner) {
    const lines = [`${indent}${key}:`, ...inner];
    const shown = required || Object.keys(samples).some((one) => one.startsWith(`${name}.`));
    return shown ? lines : lines.map((line) => (line.trim().startsWith('#') ? line : line.replace(/^(\s*)/, '$1# ')));
  }
  if (property.items?.properties && Object.keys(samples).some((one) => one.startsWith(`${name}[]`))) {
    const item = exampleOf(property.items, `${name}[]`, `${indent}    `);
    const more = (moreItems[name] ?? []).map((one) => `${indent}  - ${plain(one)}`);
    return [`${indent}${key}:`, `${indent}  -`, ...item, ...more];
  }
  const value = property.default ?? property.const ?? property.enum?.[0];
  return [value === undefined ? `${indent}# ${key}:` : `${indent}${key}: ${plain(value)}`];
}

function exampleYaml(): string {
  return [
    '# Every setting of Engawa with its meaning and its default. Made from src/config/schema.ts by npm run generate.',
    '# Copy what you need into a file of your own and start with: engawa start --config FILE',
    '# Secrets are not here: ENGAWA_DATABASE_URL, ENGAWA_REDIS_URL, ENGAWA_DRACHTIO_SECRET, ENGAWA_TURN_SECRET and ENGAWA_VAULT_KEY come from the environment,',
    '# each as NAME, or NAME_FILE with the path of a file.',
    '',
    ...exampleOf(ConfigSchema as Schema, '', ''),
  ].join('\n');
}

function typeName(schema: Schema): string {
  if (schema.enum) return schema.enum.map(String).join(' · ');
  if (schema.const !== undefined) return String(schema.const);
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' · ');
  if (schema.type === 'array') return `list of ${schema.items ? typeName(schema.items) : 'values'}`;
  return schema.type ?? '';
}

function rowsOf(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = path ? `${path}.${key}` : key;
    const branches = property.anyOf?.filter((branch) => branch.properties?.['kind']);
    if (branches && branches.length > 0)
      return branches.flatMap((branch) => [
        `| \`${name}\` kind \`${String(branch.properties?.['kind']?.const)}\` | | | ${branch.description ?? ''} |`,
        ...rowsOf(
          {
            ...branch,
            properties: Object.fromEntries(Object.entries(branch.properties ?? {}).filter(([one]) => one !== 'kind')),
          },
          name,
        ),
      ]);
    const inner = property.properties ? property : property.items?.properties ? property.items : undefined;
    const fallback = property.default === undefined ? '' : `\`${plain(property.default)}\``;
    const row = `| \`${name}\` | ${inner ? (property.items ? 'list' : 'section') : typeName(property)} | ${inner && !property.items ? '' : fallback} | ${property.description ?? ''} |`;
    return [row, ...(inner ? rowsOf(inner, property.items ? `${name}[]` : name) : [])];
  });
}

function configurationPage(): string {
  return [
    '# Configuration',
    '',
    'One YAML file, given with `engawa start --config FILE`. Unknown keys are refused with the nearest known one; every mistake has',
    'file, line, column and a sentence. `ENGAWA_HTTP_HOST`, `ENGAWA_HTTP_PORT`, `ENGAWA_MEDIA_ADDRESS` (`media.address`), `ENGAWA_ADVERTISED_ADDRESS` (`media.advertisedAddress`) and `ENGAWA_LOG_LEVEL` override the file. Secrets come from the',
    'environment only: `ENGAWA_DATABASE_URL`, `ENGAWA_REDIS_URL`, `ENGAWA_DRACHTIO_SECRET`, `ENGAWA_TURN_SECRET`, `ENGAWA_VAULT_KEY`, each also as `NAME_FILE` with the path of a file (the key: 64 hexadecimal digits; made and kept in',
    'the data folder when not given: back it up, aliases cannot be called back without it). `engawa doctor --config FILE` checks an installation.',
    '',
    'Made from `src/config/schema.ts` by `npm run generate`.',
    '',
    '| Setting | Type | Default | Meaning |',
    '|---|---|---|---|',
    ...rowsOf(ConfigSchema as Schema, ''),
    '',
  ].join('\n');
}

const files: Record<string, string> = {
  'config/example.yaml': exampleYaml(),
  'docs/configuration.md': configurationPage(),
  'config/flow.schema.json': flowJsonSchema(),
  'config/flow-part.schema.json': partJsonSchema(),
};

let stale = 0;
for (const [name, text] of Object.entries(files)) {
  const path = join(projectRoot, name);
  if (process.argv.includes('--check')) {
    let present = '';
    try {
      present = readFileSync(path, 'utf8');
    } catch {
      present = '';
    }
    if (present === text) continue;
    stale += 1;
    console.log(`${name} is not up to date: run npm run generate`);
  } else {
    writeFileSync(path, text);
    console.log(name);
  }
}
process.exitCode = stale === 0 ? 0 : 1;
