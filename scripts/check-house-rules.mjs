// Rules of the house that no linter knows: file sizes, what lies at the root, who may reveal a number, RFCs that docs/rfc.md lists.
// Prints each breach with its file; exits 1 if there is one.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const sources = files.filter((file) => /\.(ts|tsx|mjs|css)$/.test(file) && !file.includes('fixtures/'));
const breaches = [];

const longestFile = 600;
for (const file of sources) {
  const lines = readFileSync(file, 'utf8').split('\n').length;
  if (lines > longestFile) breaches.push(`${file}: ${lines} lines; the most is ${longestFile}`);
}

const root = new Set(
  '.ci .dependency-cruiser.cjs .dockerignore .gitignore .npmrc .taprc ARCHITECTURE.md CHANGELOG.md Dockerfile GLOSSARY.md README.md bench biome.json compose.yaml config deploy docs migrations package-lock.json package.json scripts src test tsconfig.build.json tsconfig.json web-softphone'.split(
    ' ',
  ),
);
for (const entry of new Set(files.map((file) => file.split('/')[0]))) {
  if (!root.has(entry)) breaches.push(`${entry}: not one of the files that belong at the root`);
}

// A customer's digits leave PhoneNumber only where they are needed: in the vault, at the border, and when dialling.
const mayReveal = [/^src\/privacy\//, /^src\/sbc\//, /^src\/demo\//, /\.test\.ts$/, /^test\//];
for (const file of sources) {
  if (/\.reveal\(\)/.test(readFileSync(file, 'utf8')) && !mayReveal.some((allowed) => allowed.test(file)))
    breaches.push(`${file}: calls reveal(); only privacy and sbc may see the digits of a number`);
}

if (existsSync('docs/rfc.md')) {
  const listed = new Set(readFileSync('docs/rfc.md', 'utf8').match(/\b\d{3,5}\b/g));
  for (const file of sources.filter((name) => name.startsWith('src/') || name.startsWith('web-softphone/src/'))) {
    for (const [, number] of readFileSync(file, 'utf8').matchAll(/RFC[ -]?(\d{3,5})/g))
      if (!listed.has(number)) breaches.push(`${file}: mentions RFC ${number}, which docs/rfc.md does not list`);
  }
}

for (const breach of new Set(breaches)) console.log(breach);
process.exit(breaches.length === 0 ? 0 : 1);
