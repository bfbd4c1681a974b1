// Every parser of what a stranger sends, with mutated examples and a printed seed: nothing throws, nothing takes long, nothing grows. Bounded
// here, and with the same seed each time; `npm run fuzz -- --minutes N --seed S` goes on with new ones. ENGAWA_FUZZ_SEED repeats a run.

import t from 'tap';
import { seededRandom } from '../../src/shared/random.ts';
import { notFromStrangers, parserFiles } from '../fuzz/coverage.ts';
import { fuzz } from '../fuzz/parser.ts';
import { signInParsers } from '../fuzz/parsers-sign-in.ts';
import { sipParsers } from '../fuzz/parsers-sip.ts';
import { webParsers } from '../fuzz/parsers-web.ts';

t.setTimeout(60_000);
const seed = Number(process.env['ENGAWA_FUZZ_SEED'] ?? 3261);
const forMs = Number(process.env['ENGAWA_FUZZ_MS'] ?? 300);
const parsers = [...sipParsers, ...webParsers, ...signInParsers];

t.test('every file with a parser is under fuzz, or it is said why not', async (t) => {
  const covered = new Set(parsers.flatMap(({ covers }) => covers));
  const files = parserFiles();
  t.ok(files.length > 40, 'the search for parsers finds them');
  t.same(
    files.filter((file) => !covered.has(file) && !(file in notFromStrangers)),
    [],
    'add it to test/fuzz/parsers-*.ts, or to test/fuzz/coverage.ts with the reason',
  );
  t.same(
    Object.keys(notFromStrangers).filter((file) => !files.includes(file) || covered.has(file)),
    [],
    'the list of those that are not holds nothing that is gone, or is under fuzz',
  );
});

for (const parser of parsers)
  t.test(`${parser.name}: nothing throws or takes long (seed ${seed})`, async (t) => {
    const { messages, slowestMs, fault } = await fuzz(parser, seededRandom(seed), forMs);
    if (fault)
      t.fail(
        `seed ${seed}, message ${fault.round}: ${fault.what}\n${JSON.stringify(fault.message.toString('latin1').slice(0, 2000))}`,
      );
    t.comment(`${messages} messages, slowest ${slowestMs.toFixed(1)} ms`);
    t.ok(messages >= parser.examples.length, 'every example at least');
  });

t.test('parsing a hundred thousand messages leaves nothing behind', async (t) => {
  const random = seededRandom(seed);
  const cheap = sipParsers.filter(({ name }) => !/Opus/.test(name));
  for (const parser of cheap) await fuzz(parser, random, 100);
  const before = process.memoryUsage().rss;
  for (const parser of cheap) await fuzz(parser, random, 250);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  t.ok(grown < 150, `${grown.toFixed(0)} MB more`);
});
