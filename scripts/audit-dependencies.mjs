// `npm run audit`: known weaknesses of the packages in use, where a registry answers that question; where none does, that is said and
// is no failure. Exit code 1 for a weakness of a package that runs in production, of at least high severity.

import { spawnSync } from 'node:child_process';

const { stdout, stderr } = spawnSync('npm', ['audit', '--json', '--omit=dev'], { encoding: 'utf8', timeout: 60_000 });
let report;
try {
  report = JSON.parse(stdout);
} catch {
  report = undefined;
}
const counts = report?.metadata?.vulnerabilities;
if (!counts) {
  console.log(
    `The registry does not answer npm audit here: ${(report?.message ?? stderr ?? '').trim().split('\n').pop()}`,
  );
  process.exit(0);
}
for (const { name, severity, range, fixAvailable } of Object.values(report.vulnerabilities))
  console.log(`${severity.padEnd(9)} ${name} ${range}${fixAvailable ? ', there is a newer one' : ''}`);
console.log(
  Object.entries(counts)
    .map(([severity, count]) => `${count} ${severity}`)
    .join(', '),
);
process.exit(counts.high + counts.critical > 0 ? 1 : 0);
