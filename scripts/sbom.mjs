// `npm run sbom`: every package that this program is made of, as CycloneDX, from the lock file alone: dist/sbom.cdx.json.
// npm makes it by itself, so no further package is needed for it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const file = process.argv[2] ?? join(root, 'dist', 'sbom.cdx.json');
const text = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'ignore'],
});
const { components } = JSON.parse(text);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, text);
console.log(`${components.length} packages are in ${file}.`);
