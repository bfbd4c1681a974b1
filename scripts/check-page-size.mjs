// How much a browser loads for the agent desk: the page, its styles and scripts, gzipped. Fails above the limit.
// What only a supervisor sees is not counted, but shown. Says nothing when the pages are not built.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const limitBytes = 250_000;
const root = new URL('../dist/web', import.meta.url).pathname;
const supervisorOnly = /^assets\/(wallboard|recording-table|agent-table)[-.]/;

if (!existsSync(root)) {
  console.log('dist/web is not there: nothing to weigh');
  process.exit(0);
}

const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/\.(map|gz|br)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
let sum = 0;
for (const file of files.sort()) {
  const bytes = gzipSync(readFileSync(join(root, file)), { level: 9 }).length;
  const counts = !supervisorOnly.test(file);
  if (counts) sum += bytes;
  console.log(`${String(bytes).padStart(8)}  ${file}${counts ? '' : '  (supervisors only)'}`);
}
console.log(`${String(sum).padStart(8)}  the agent desk, gzipped; at most ${limitBytes}`);
if (sum > limitBytes) {
  console.error(`the agent desk is ${sum - limitBytes} bytes too large`);
  process.exit(1);
}
