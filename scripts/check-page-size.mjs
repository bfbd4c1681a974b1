// How much a browser loads for the agent desk: the page, its styles and scripts, gzipped. Fails above the limit.
// Counted is what index.html imports, and what a desk loads later by itself; what somebody opens by hand (the sections, the wallboard)
// is shown and not counted. Says nothing when the pages are not built.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const limitBytes = 250_000;
const root = new URL('../dist/web', import.meta.url).pathname;
/** Chunks that every desk loads, though not at first: the softphone, its clock, what comes before a shift, the device's proof. */
const laterByItself =
  /^assets\/(sip-js-engine|tick-worker|check-card|check-result|hand-card|device-gate|device-key|keep-proving)-/;

if (!existsSync(root)) {
  console.log('dist/web is not there: nothing to weigh');
  process.exit(0);
}

const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/\.(map|gz|br)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  .sort();

/** What a file imports before it runs. `import("…")` is asked for later, and not matched. */
function importsOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  if (file.endsWith('.html')) return [...text.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, path]) => path);
  if (!file.endsWith('.js')) return [];
  return [...text.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+)["'`]/g)].map(([, name]) => `assets/${name}`);
}

const counted = new Set();
const toCount = ['index.html', ...files.filter((file) => laterByItself.test(file))];
for (const file of toCount) {
  if (counted.has(file) || !files.includes(file)) continue;
  counted.add(file);
  toCount.push(...importsOf(file));
}
if (![...counted].some((file) => /^assets\/index-.*\.js$/.test(file)) || counted.size < 5)
  throw new Error('index.html does not lead to the scripts of the desk: look at how the pages are built');

let sum = 0;
for (const file of files) {
  const bytes = gzipSync(readFileSync(join(root, file)), { level: 9 }).length;
  if (counted.has(file)) sum += bytes;
  console.log(`${String(bytes).padStart(8)}  ${file}${counted.has(file) ? '' : '  (opened by hand)'}`);
}
console.log(`${String(sum).padStart(8)}  the agent desk, gzipped; at most ${limitBytes}`);
if (sum > limitBytes) {
  console.error(`the agent desk is ${sum - limitBytes} bytes too large`);
  process.exit(1);
}
