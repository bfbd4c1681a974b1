// docs/asvs.md: every requirement of levels 1 and 2 is there once, every row says what it may say, and every file that it names
// exists. How many requirements each section of ASVS 5.0.0 has in these levels is in `sections`, so that none can be forgotten.

import { existsSync, readFileSync } from 'node:fs';

/** Section: numbers in it that are of level 1 or 2. */
const sections = {
  1.1: [1, 2],
  1.2: [1, 2, 3, 4, 5, 6, 7, 8, 9],
  1.3: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  1.4: [1, 2, 3],
  1.5: [1, 2],
  2.1: [1, 2, 3],
  2.2: [1, 2, 3],
  2.3: [1, 2, 3, 4],
  2.4: [1],
  3.2: [1, 2],
  3.3: [1, 2, 3, 4],
  3.4: [1, 2, 3, 4, 5, 6],
  3.5: [1, 2, 3, 4, 5],
  3.7: [1, 2],
  4.1: [1, 2, 3],
  4.2: [1],
  4.3: [1, 2],
  4.4: [1, 2, 3, 4],
  5.1: [1],
  5.2: [1, 2, 3],
  5.3: [1, 2],
  5.4: [1, 2, 3],
  6.1: [1, 2, 3],
  6.2: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  6.3: [1, 2, 3, 4],
  6.4: [1, 2, 3, 4],
  6.5: [1, 2, 3, 4, 5],
  6.6: [1, 2, 3],
  6.8: [1, 2, 3, 4],
  7.1: [1, 2, 3],
  7.2: [1, 2, 3, 4],
  7.3: [1, 2],
  7.4: [1, 2, 3, 4, 5],
  7.5: [1, 2],
  7.6: [1, 2],
  8.1: [1, 2],
  8.2: [1, 2, 3],
  8.3: [1],
  8.4: [1],
  9.1: [1, 2, 3],
  9.2: [1, 2, 3, 4],
  10.1: [1, 2],
  10.2: [1, 2],
  10.3: [1, 2, 3, 4],
  10.4: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  10.5: [1, 2, 3, 4, 5],
  10.6: [1, 2],
  10.7: [1, 2, 3],
  11.1: [1, 2],
  11.2: [1, 2, 3],
  11.3: [1, 2, 3],
  11.4: [1, 2, 3, 4],
  11.5: [1],
  11.6: [1],
  12.1: [1, 2, 3],
  12.2: [1, 2],
  12.3: [1, 2, 3, 4],
  13.1: [1],
  13.2: [1, 2, 3, 4, 5],
  13.3: [1, 2],
  13.4: [1, 2, 3, 4, 5],
  14.1: [1, 2],
  14.2: [1, 2, 3, 4],
  14.3: [1, 2, 3],
  15.1: [1, 2, 3],
  15.2: [1, 2, 3],
  15.3: [1, 2, 3, 4, 5, 6, 7],
  16.1: [1],
  16.2: [1, 2, 3, 4, 5],
  16.3: [1, 2, 3, 4],
  16.4: [1, 2, 3],
  16.5: [1, 2, 3],
  17.1: [1],
  17.2: [1, 2, 3, 4],
  17.3: [1, 2],
};

const wanted = Object.entries(sections).flatMap(([section, numbers]) => numbers.map((n) => `${section}.${n}`));
const text = readFileSync('docs/asvs.md', 'utf8');
const rows = [...text.matchAll(/^\| (\d+\.\d+\.\d+) \| (\d) \| (.+?) \| (.*) \|$/gm)];
const breaches = [];
const seen = new Set();
const counts = { shown: 0, 'not met': 0, 'not applicable': 0 };

for (const [, number, , , evidence] of rows) {
  if (seen.has(number)) breaches.push(`${number} is there twice`);
  if (!wanted.includes(number)) breaches.push(`${number} is none of levels 1 and 2`);
  seen.add(number);
  const files = evidence.match(/\b(?:test|src|scripts|docs|web-softphone)\/[\w./-]+\.(?:test\.ts|mjs|md)/g) ?? [];
  for (const file of files) if (!existsSync(file)) breaches.push(`${number} names ${file}, which is not there`);
  if (evidence.startsWith('not met')) counts['not met'] += 1;
  else if (/^not applicable: ./.test(evidence)) counts['not applicable'] += 1;
  else if (files.length > 0) counts.shown += 1;
  else breaches.push(`${number} names no test, and says neither "not met" nor "not applicable: why"`);
}
for (const number of wanted) if (!seen.has(number)) breaches.push(`${number} is missing`);

for (const breach of breaches) console.log(`docs/asvs.md: ${breach}`);
console.log(
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', '),
);
process.exit(breaches.length === 0 ? 0 : 1);
