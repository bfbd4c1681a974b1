import t from 'tap';
import { isAtLeast, judgeClock } from './finding.ts';

t.test('versions are compared by their numbers', (t) => {
  t.ok(isAtLeast('15.18 (Debian 15.18-0+deb12u1)', '14'));
  t.ok(isAtLeast('1.11.3-dev~64bit', '1.10.11'));
  t.ok(isAtLeast('1.10.11', '1.10.11'));
  t.ok(isAtLeast('7.0', '6.2'));
  t.notOk(isAtLeast('1.10.9', '1.10.11'));
  t.notOk(isAtLeast('6', '6.2'));
  t.notOk(isAtLeast('unknown', '1'));
  t.end();
});

t.test('a clock that is off is told with what to do about it', (t) => {
  t.equal(judgeClock('PostgreSQL', 1_000_000, 1_000_900).level, 'ok');
  t.match(judgeClock('PostgreSQL', 1_000_000, 1_005_000), { level: 'warning', sentence: /5\.0 s/ });
  t.match(judgeClock('Redis', 1_000_000, 900_000), { level: 'error', sentence: /NTP/ });
  t.end();
});
