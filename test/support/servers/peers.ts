// Programs of others that tests talk to. Where one is missing its tests are skipped and say so; with REQUIRE_PEERS=1, as on
// CI, they run all the same and fail.

import { spawnSync } from 'node:child_process';

export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why tests with this program are skipped; false when they run. */
export function missing(program: string): string | false {
  if (process.env['REQUIRE_PEERS'] === '1') return false;
  const { status } = spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' });
  return status === 0 ? false : `${program} is not installed`;
}
