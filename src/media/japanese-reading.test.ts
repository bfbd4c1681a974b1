import t from 'tap';
import { numberReading, spellNumbers } from './japanese-reading.ts';

t.test('numbers are read in words', async (t) => {
  const expected: Record<string, string> = {
    '0': 'ゼロ',
    '3': 'サン',
    '10': 'ジュウ',
    '14': 'ジュウヨン',
    '300': 'サンビャク',
    '610': 'ロッピャクジュウ',
    '3800': 'サンゼンハッピャク',
    '12345': 'イチマンニセンサンビャクヨンジュウゴ',
  };
  for (const [digits, words] of Object.entries(expected)) t.equal(numberReading(digits), words, digits);
});

t.test('telephone numbers and codes are read digit by digit', async (t) => {
  t.equal(numberReading('0120'), 'ゼロ イチ ニー ゼロ');
  t.equal(numberReading('444113'), 'ヨン ヨン ヨン イチ イチ サン');
  t.equal(spellNumbers('０１２０－４４４'.replace('－', '-')), 'ゼロ イチ ニー ゼロ、ヨン ヨン ヨン');
});

t.test('full-width forms, thousands and the keys of a telephone are understood', async (t) => {
  t.equal(spellNumbers('１２,３００円'), 'イチマンニセンサンビャク円');
  t.equal(spellNumbers('#を押す'), 'シャープを押す');
});
