// Runs the checks and the tests: `npm test` runs all of it, `node scripts/test.mjs unit` one level.
// Levels: checks, unit (src/**/*.test.ts), contract, integration, e2e (test/LEVEL/*.test.ts). Files can be named, too.
// Prints a line per file, everything about what failed, each skip with its reason, and a closing line with the counts.
// A file that crosses a boundary and failed is run once more, alone, when the rest is done: real processes on a machine that
// others use too may be late. What passes only then is named in the closing lines as a defect to mend; more than three files
// that fail are not bad luck.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { installPeers } from './test-peers.mjs';

const root = new URL('..', import.meta.url).pathname;
const bin = (name) => join(root, 'node_modules', '.bin', name);
const levels = ['checks', 'unit', 'contract', 'integration', 'e2e'];
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const files = asked.filter((argument) => argument.endsWith('.ts'));
const chosen = asked.length === 0 || asked.includes('all') ? levels : asked.filter((name) => levels.includes(name));
const counts = { passed: 0, failed: 0, skipped: 0 };
/** Files of tests that failed, with how many failures of `counts` are theirs. */
const failedFiles = new Map();
const atMostAgain = 3;
const failedTests = [];

function walk(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : walk(path);
    return entry.name.endsWith('.test.ts') ? [relative(root, path)] : [];
  });
}

const filesOf = (level) => walk(join(root, level === 'unit' ? 'src' : `test/${level}`)).sort();

function check(name, command, args, cwd = root) {
  const startedAt = Date.now();
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const ok = result.status === 0;
  counts[ok ? 'passed' : 'failed'] += 1;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (!ok) console.log(result.stdout + result.stderr);
}

function runChecks() {
  console.log('\n# checks');
  check('types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']);
  if (existsSync(join(root, 'web-softphone/tsconfig.json')))
    check('types of the pages', bin('tsc'), ['--noEmit', '-p', 'web-softphone/tsconfig.json']);
  check('lint and format', bin('biome'), [
    'check',
    '--error-on-warnings',
    'src',
    'test',
    'web-softphone',
    'scripts',
    'bench',
  ]);
  check('who may import whom', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', 'src']);
  for (const script of readdirSync(join(root, 'scripts')).filter((name) => name.startsWith('check-')))
    check(script.replace(/\.(mjs|ts)$/, '').replaceAll('-', ' '), process.execPath, [
      '--import',
      'tsx',
      `scripts/${script}`,
    ]);
}

/** Runs tap over the files and reads its stream: one line per file, and the whole subtree of a file that failed. */
async function runFiles(level, paths, jobs) {
  if (paths.length === 0) return;
  console.log(`\n# ${level}: ${paths.length} files`);
  const child = spawn(bin('tap'), ['--reporter=tap', `--jobs=${jobs}`, '--allow-empty-coverage', ...paths], {
    cwd: root,
    env: { ...process.env, REQUIRE_PEERS: process.env.CI ? '1' : (process.env.REQUIRE_PEERS ?? ''), FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let subtree = [];
  let failedBefore = counts.failed;
  for await (const line of createInterface({ input: child.stdout })) {
    const assertion = /^(\s*)(not ok|ok) \d+(?: - (.*))?$/.exec(line);
    if (assertion?.[1] && !/[{]$/.test(line)) {
      const isTest = /# time=/.test(line) && assertion[1].length === 4;
      const skip = /# SKIP(.*)$/i.exec(line);
      if (skip) {
        counts.skipped += 1;
        console.log(`skip ${assertion[3]}`);
      } else if (isTest) {
        counts[assertion[2] === 'ok' ? 'passed' : 'failed'] += 1;
        if (assertion[2] !== 'ok') failedTests.push(assertion[3].replace(/ # time=.*/, ''));
      }
    }
    if (assertion && assertion[1] === '') {
      const ok = assertion[2] === 'ok';
      console.log(`${ok ? 'ok  ' : 'FAIL'} ${assertion[3] ?? ''}`);
      if (!ok) {
        counts.failed += 1;
        console.log(subtree.slice(-400).join('\n'));
        const path = (assertion[3] ?? '').replace(/ # time=.*/, '');
        if (level !== 'unit') failedFiles.set(path, counts.failed - failedBefore);
      }
      failedBefore = counts.failed;
      subtree = [];
    } else subtree.push(line);
  }
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
  if (code !== 0 && counts.failed === 0) {
    counts.failed += 1;
    console.log(`FAIL the test runner ended with ${code}`);
  }
}

/** Runs what failed once more, and gives the files that passed then; their failures do not count any more. */
async function runAgain() {
  if (failedFiles.size === 0 || failedFiles.size > atMostAgain) return [];
  const late = [];
  for (const [path, failures] of [...failedFiles]) {
    const before = { ...counts };
    await runFiles('once more', [path], 1);
    if (counts.failed > before.failed) continue;
    counts.failed -= failures;
    late.push(path);
  }
  return late;
}

// Without the plug-ins that .taprc leaves out; tap would otherwise find that out in the middle of the first run.
spawnSync(bin('tap'), ['build'], { cwd: root, stdio: 'ignore' });
const stillMissing = installPeers();
if (stillMissing.length > 0 && process.env.CI) {
  console.error(`These programs could not be installed: ${stillMissing.join(', ')}`);
  process.exit(1);
}
if (files.length > 0) await runFiles('named files', files, 1);
// The whole program is tested from its build, and the weight of the pages is read from it.
if (chosen.some((level) => ['checks', 'integration', 'e2e'].includes(level)))
  check('build', process.execPath, ['scripts/build.mjs', '--if-needed']);
if (chosen.includes('checks')) runChecks();
for (const level of chosen.filter((name) => name !== 'checks')) {
  await runFiles(level, filesOf(level), level === 'unit' ? 2 : 1);
}
const late = await runAgain();
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
for (const name of failedTests) console.log(`failed: ${name}`);
for (const path of late) console.log(`${path} passed only when it was run once more: this is a defect to mend.`);
process.exit(counts.failed === 0 ? 0 : 1);
