// The programs from Debian that the tests use as peers: real ones instead of mocks.
// As root they are installed when missing; otherwise one line says what to install. Skips nothing by itself.

import { spawnSync } from 'node:child_process';

const peers = [
  { program: 'sipp', debian: 'sip-tester' },
  { program: 'chromium', debian: 'chromium' },
  { program: 'age', debian: 'age' },
  { program: 'opusdec', debian: 'opus-tools' },
  { program: 'openssl', debian: 'openssl' },
  { program: 'turnserver', debian: 'coturn' },
  { program: 'redis-server', debian: 'redis-server' },
  { program: 'redis-cli', debian: 'redis-tools' },
];

const missing = () => peers.filter(({ program }) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);

/** Installs what is missing if it can. Returns the names that are still missing. */
export function installPeers() {
  const wanted = missing();
  if (wanted.length === 0) return [];
  const packages = wanted.map((peer) => peer.debian).join(' ');
  if (process.getuid?.() !== 0) {
    console.log(`Missing for the tests: run  sudo apt-get install -y ${packages}`);
    return wanted.map((peer) => peer.program);
  }
  console.log(`Installing for the tests: ${packages}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
  if (update.status !== 0)
    console.log('apt-get update failed; trying to install with the package lists that are here.');
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...wanted.map((peer) => peer.debian)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  return missing().map((peer) => peer.program);
}
