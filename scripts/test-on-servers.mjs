// `npm run test:peers`: the contract suites, the whole program and the desks, on servers that are running already.
//   ENGAWA_TEST_DRACHTIO=HOST:CONTROL_PORT:SECRET      drachtio-server, as docs/drachtio-server.md says; several separated by commas
//   ENGAWA_TEST_FREESWITCH=HOST:EVENT_PORT:PASSWORD    FreeSWITCH
//   ENGAWA_TEST_DRACHTIO_START=COMMAND                 starts more drachtio-servers, for tests that kill them
//   ENGAWA_TEST_DRACHTIO_BIN, ENGAWA_TEST_FREESWITCH_BIN=PROGRAM   started with config/drachtio and config/freeswitch
// Runs what the variables that are set allow, and says what the others would add. Starts no server itself.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
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

function files(level, wanted) {
  return readdirSync(join(root, 'test', level))
    .filter((name) => name.endsWith('.test.ts') && wanted.test(name))
    .sort()
    .map((name) => `test/${level}/${name}`);
}

function chosen() {
  const onDrachtio = given('ENGAWA_TEST_DRACHTIO');
  const onFreeswitch = given('ENGAWA_TEST_FREESWITCH');
  const list = [];
  if (onDrachtio) list.push(...files('contract', /^border-/), ...files('integration', /^border-/));
  else if (given('ENGAWA_TEST_DRACHTIO_START')) list.push(...files('contract', /^border-(server-loss|accepted)/));
  if (onFreeswitch) list.push(...files('contract', /freeswitch/));
  if (onFreeswitch || given('ENGAWA_TEST_FREESWITCH_BIN')) list.push(...files('integration', /freeswitch/));
  if (given('ENGAWA_TEST_FREESWITCH_BIN')) list.push(...files('integration', /^cluster-adoption/));
  if (given('ENGAWA_TEST_DRACHTIO_BIN') || given('ENGAWA_TEST_FREESWITCH_BIN'))
    list.push(...files('integration', /^deploy-servers/));
  if (onDrachtio || onFreeswitch) list.push(...files('integration', /^whole-/), ...files('e2e', /./));
  return list;
}

for (const [name, what] of Object.entries(variables))
  console.log(given(name) ? `${name} is set.` : `${name} is not set. It would be ${what}.`);
const list = chosen();
if (list.length === 0) {
  console.error('\nNothing to test on: start drachtio-server or FreeSWITCH, and set at least one of these.');
  process.exit(2);
}
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
const built = run('scripts/build.mjs', '--if-needed');
process.exit(built === 0 ? run('scripts/test.mjs', ...list) : built);
