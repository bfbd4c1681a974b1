import t from 'tap';
import { judgeVersion } from './server-version.ts';

t.test('a version is new enough, too old, or unknown, and says so in a sentence', async (t) => {
  for (const fine of ['v0.9.10-engawa', 'v0.9.0', '0.10.0', 'v1.0.0', 'v0.9.10-3-gabcdef'])
    t.equal(judgeVersion(fine).kind, 'ok', fine);
  for (const old of ['v0.8.26', 'v0.8.99-rc1', '0.0.1']) t.equal(judgeVersion(old).kind, 'too-old', old);
  t.match(judgeVersion('v0.8.2'), {
    because: /drachtio-server 0\.8\.2 is too old: 0\.9\.0 or later is needed, because/,
  });
  for (const strange of [undefined, '', 'main', 'v9']) t.equal(judgeVersion(strange).kind, 'unknown', String(strange));
});
