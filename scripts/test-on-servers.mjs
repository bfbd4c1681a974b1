// `npm run test:peers`: the contract suites, the whole program and the desks, on servers that are running already.
//   ENGAWA_TEST_DRACHTIO=HOST:CONTROL_PORT:SECRET      drachtio-server, as docs/drachtio-server.md says; several separated by commas
//   ENGAWA_TEST_FREESWITCH=HOST:EVENT_PORT:PASSWORD    FreeSWITCH
//   ENGAWA_TEST_DRACHTIO_START=COMMAND                 starts more drachtio-servers, for tests that kill them
//   ENGAWA_TEST_DRACHTIO_BIN, ENGAWA_TEST_FREESWITCH_BIN=PROGRAM   started with config/drachtio and config/freeswitch
// Runs what the variables that are set allow, and says what the others would add; `--list` says which files, and runs none. Starts
// no server itself.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const variables = {
  ENGAWA_TEST_DRACHTIO: 'HOST:CONTROL_PORT:SECRET of a running drachtio-server (docs/drachtio-server.md)',
  ENGAWA_TEST_FREESWITCH: 'HOST:EVENT_PORT:PASSWORD of a running FreeSWITCH',
  ENGAWA_TEST_DRACHTIO_BIN: 'the program drachtio, to try config/drachtio',
  ENGAWA_TEST_FREESWITCH_BIN: 'the program freeswitch, to try config/freeswitch',
  ENGAWA_TEST_DRACHTIO_START: 'the command that starts a drachtio-server, for the tests that kill one',
};
const given = (name) => Boolean(process.env[name]);

/** What a test takes from test/support says on which server it can run, and by which variable. */
const kinds = [
  {
    what: 'the border, and who uses it',
    uses: /support\/sip\/(border-rig|drachtio-servers)/,
    when: ['ENGAWA_TEST_DRACHTIO'],
  },
  {
    what: 'servers that are killed, stopped and started again',
    uses: /support\/sip\/sip-server-process/,
    when: ['ENGAWA_TEST_DRACHTIO_START', 'ENGAWA_TEST_DRACHTIO_BIN'],
  },
  { what: 'media', uses: /support\/media\/freeswitch-media/, when: ['ENGAWA_TEST_FREESWITCH'] },
  {
    what: 'our configuration of the servers, and their death',
    uses: /support\/servers\/installed-servers/,
    when: ['ENGAWA_TEST_DRACHTIO_BIN', 'ENGAWA_TEST_FREESWITCH_BIN'],
  },
  {
    what: 'the whole program and the desks',
    among: /^test\/(e2e\/|integration\/whole-)/,
    uses: /support\/centre\/(engawa|whole-centre|queue-centre)/,
    when: ['ENGAWA_TEST_DRACHTIO', 'ENGAWA_TEST_FREESWITCH'],
  },
];

function chosen() {
  const all = ['contract', 'integration', 'e2e'].flatMap((level) =>
    readdirSync(join(root, 'test', level))
      .filter((name) => name.endsWith('.test.ts'))
      .sort()
      .map((name) => `test/${level}/${name}`),
  );
  const list = new Set();
  for (const { what, among = /./, uses, when } of kinds) {
    const files = all.filter((file) => among.test(file) && uses.test(readFileSync(join(root, file), 'utf8')));
    const runs = when.some(given);
    console.log(`${runs ? '' : 'not run: '}${what}: ${files.length} files, for ${when.join(' or ')}`);
    if (process.argv.includes('--list')) for (const file of files) console.log(`    ${file}`);
    if (runs) for (const file of files) list.add(file);
  }
  return [...list];
}

for (const [name, what] of Object.entries(variables))
  console.log(given(name) ? `${name} is set.` : `${name} is not set. It would be ${what}.`);
const list = chosen();
if (process.argv.includes('--list')) process.exit(0);
if (list.length === 0) {
  console.error('\nNothing to test on: start drachtio-server or FreeSWITCH, and set at least one of these.');
  process.exit(2);
}
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
const built = run('scripts/build.mjs', '--if-needed');
process.exit(built === 0 ? run('scripts/test.mjs', ...list) : built);
