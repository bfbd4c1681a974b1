// The log of who did what: with which key its heads are verified, and whether the last of them is old.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { signingFiles } from '../../app/audit.ts';
import { systemClock as clock } from '../../shared/clock.ts';
import { type Finding, ok, type Patient, warning } from './finding.ts';

export function checkAudit({ config, running }: Patient): Finding[] {
  if (!existsSync(join(config.dataFolder, 'audit', 'signing.key')))
    return [ok('Audit log: its signing key is made at the first start.')];
  const files = signingFiles(config, clock);
  const { publicKey } = files.key();
  const newest = files.lines().findLast(({ kind }) => kind === 'head');
  const lateMs = config.audit.signEveryMinutes * 3 * 60_000 + 60_000;
  return [
    ok(`Audit log: signed heads are in ${files.headsFile}; they are verified with the public key ${publicKey}.`),
    ...(running && newest && newest.at < clock.now() - lateMs
      ? [
          warning(
            `The last signed head is of ${new Date(newest.at).toISOString()}: nothing was done since, or the log does not hold (engawa audit verify).`,
          ),
        ]
      : []),
  ];
}
