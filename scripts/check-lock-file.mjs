// `npm ci` refuses a lock file that lacks a package which another one names, such as the binary for another platform.
// An `npm install` beside a registry that does not have that binary leaves it out silently.

import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const breaches = [];

for (const [place, { dependencies, optionalDependencies }] of Object.entries(packages)) {
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (!isReachable(place, name))
      breaches.push(`${place || 'package.json'} needs ${name}, which package-lock.json lacks`);
  }
}

/** Node looks beside the package, then in each folder above. */
function isReachable(place, name) {
  for (let folder = place; ; folder = folder.replace(/\/?[^/]*$/, '')) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}

for (const breach of breaches) console.log(breach);
process.exit(breaches.length === 0 ? 0 : 1);
