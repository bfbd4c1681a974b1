import t from 'tap';
import { minutesOf, minutesReading, waitWords } from './wait-words.ts';

t.test('minutes are read as they are said', async (t) => {
  const table: [number, string][] = [
    [1, 'いっぷん'],
    [2, 'にふん'],
    [3, 'さんぷん'],
    [4, 'よんぷん'],
    [6, 'ろっぷん'],
    [8, 'はっぷん'],
    [10, 'じゅっぷん'],
    [15, 'じゅうごふん'],
    [20, 'にじゅっぷん'],
    [30, 'さんじゅっぷん'],
    [45, 'よんじゅうごふん'],
    [60, 'ろくじゅっぷん'],
  ];
  for (const [minutes, reading] of table) t.equal(minutesReading(minutes), reading);
});

t.test('times are rounded upwards, the longer the more roughly', async (t) => {
  const minute = 60_000;
  const table = [
    [0, 1],
    [59_000, 1],
    [61_000, 2],
    [9.5 * minute, 10],
    [10.5 * minute, 15],
    [15 * minute, 15],
  ] as const;
  for (const [waitMs, minutes] of table) t.equal(minutesOf(waitMs), minutes);
});

t.test('place and time, in both languages', async (t) => {
  t.strictSame(waitWords({ position: 3, expectedWaitMs: 230_000 }), {
    ja: 'ただいまの順番は3番目です。お待ちいただく時間は、およそ4分の見込みです。',
    jaKana: 'ただいまの じゅんばんわ 3ばんめ です。 おまち いただく じかんわ、およそ よんぷんの みこみ です。',
    en: 'You are number 3 in line. The estimated wait is about 4 minutes.',
  });
  t.match(waitWords({ position: undefined, expectedWaitMs: 30_000 }), { en: 'The estimated wait is about 1 minute.' });
  t.match(waitWords({ position: 2, expectedWaitMs: 3_700_000 }), { en: /more than an hour/, ja: /1時間以上/ });
});

t.test('whoever is next is told that, and no time', async (t) => {
  t.match(waitWords({ position: 1, expectedWaitMs: 230_000 }), { en: 'You are next in line.' });
});

t.test('what is not known is not told', async (t) => {
  t.match(waitWords({ position: 2, expectedWaitMs: undefined }), { en: 'You are number 2 in line.' });
  t.equal(waitWords({ position: undefined, expectedWaitMs: undefined }), undefined);
});
