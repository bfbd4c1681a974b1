// What the program is made of: listed for others, from where it should be, and nothing runs at installation that is not known.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../src/shared/paths.ts';

const script = (name: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(projectRoot, 'scripts', name), ...args], { encoding: 'utf8', cwd: projectRoot });

t.test('the bill of materials names every direct dependency, with its hash', async (t) => {
  const file = join(t.testdir(), 'sbom.json');
  t.match(script('sbom.mjs', file), { status: 0 });
  const { bomFormat, components } = JSON.parse(readFileSync(file, 'utf8'));
  t.equal(bomFormat, 'CycloneDX');
  const named = new Map<string, { purl: string; hashes?: unknown[] }>(
    components.map((component: { group?: string; name: string }) => [component.name, component]),
  );
  const { dependencies } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) t.match(named.get(name)?.purl, /^pkg:npm\//, name);
  const hashed = components.filter((component: { hashes?: unknown[] }) => (component.hashes?.length ?? 0) > 0);
  t.ok(hashed.length > components.length * 0.97, `${hashed.length} of ${components.length} have a hash`);
});

t.test(
  'install scripts are those that are listed, and every package comes from the registry with a hash',
  async (t) => {
    t.match(script('check-install-scripts.mjs'), { status: 0, stdout: '' });
  },
);
