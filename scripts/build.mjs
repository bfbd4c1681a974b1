// Builds dist/ (the server, by tsc) and dist/web (the pages, by vite).
// `--if-needed` does nothing when no source is newer than the last build: `npm start` calls it that way.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const stamp = join(root, 'dist', '.built');

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(
    stat.mtimeMs,
    ...readdirSync(path)
      .filter((name) => name !== 'node_modules' && name !== 'dist')
      .map((name) => newest(join(path, name))),
  );
}

function run(what, command, args, cwd = root) {
  console.log(`building ${what} …`);
  const startedAt = Date.now();
  const result = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (result.status !== 0) {
    console.error(`building ${what} failed`);
    process.exit(result.status ?? 1);
  }
  console.log(`building ${what} took ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

const sources = ['src', 'web-softphone', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const isFresh = () => existsSync(stamp) && sources.every((path) => newest(join(root, path)) <= statSync(stamp).mtimeMs);

if (!(process.argv.includes('--if-needed') && isFresh())) {
  const bin = (name) => join(root, 'node_modules', '.bin', name);
  run('the server', bin('tsc'), ['-p', 'tsconfig.build.json']);
  chmodSync(join(root, 'dist', 'src', 'cli', 'engawa.js'), 0o755); // npx engawa
  if (existsSync(join(root, 'web-softphone', 'vite.config.ts'))) {
    run('the pages', bin('vite'), ['build', '--logLevel', 'warn'], join(root, 'web-softphone'));
  }
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, '');
}
