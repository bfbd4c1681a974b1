// Japanese text as a voice that knows only kana can read it: kanji by their readings (the IPA dictionary, @patdx/kuromoji),
// numbers in words, particles as they are pronounced. Digits of six or more, or in groups with hyphens, are read one by one,
// as telephone numbers are. A reading can be wrong for names; a flow can say it in kana instead.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { TokenizerBuilder } from '@patdx/kuromoji';
import NodeDictionaryLoader from '@patdx/kuromoji/node';

const digitReadings = ['ゼロ', 'イチ', 'ニ', 'サン', 'ヨン', 'ゴ', 'ロク', 'ナナ', 'ハチ', 'キュウ'];
/** A digit read by itself is held a little, as when dictating a number. */
const dictated = ['ゼロ', 'イチ', 'ニー', 'サン', 'ヨン', 'ゴー', 'ロク', 'ナナ', 'ハチ', 'キュー'];
const hundreds: Readonly<Record<number, string>> = { 1: 'ヒャク', 3: 'サンビャク', 6: 'ロッピャク', 8: 'ハッピャク' };
const thousands: Readonly<Record<number, string>> = { 1: 'セン', 3: 'サンゼン', 8: 'ハッセン' };

/** A number below 10,000 in words. */
function belowTenThousand(value: number): string {
  const thousand = Math.floor(value / 1000);
  const hundred = Math.floor(value / 100) % 10;
  const ten = Math.floor(value / 10) % 10;
  const one = value % 10;
  return (
    (thousand ? (thousands[thousand] ?? `${digitReadings[thousand]}セン`) : '') +
    (hundred ? (hundreds[hundred] ?? `${digitReadings[hundred]}ヒャク`) : '') +
    (ten ? `${ten === 1 ? '' : digitReadings[ten]}ジュウ` : '') +
    (one ? digitReadings[one] : '')
  );
}

/** A number in words; digit by digit when it is long or starts with zero. */
export function numberReading(digits: string): string {
  if (digits.length > 5 || (digits.length > 1 && digits.startsWith('0'))) return digitByDigit(digits);
  const value = Number(digits);
  if (value === 0) return 'ゼロ';
  const high = Math.floor(value / 10_000);
  return (high ? `${belowTenThousand(high)}マン` : '') + belowTenThousand(value % 10_000);
}

const digitByDigit = (digits: string): string => [...digits].map((digit) => dictated[Number(digit)]).join(' ');

/** Full-width forms to plain ones; grouped digits (0120-444-113) and numbers into words. */
export function spellNumbers(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\d+(?:-\d+)+/g, (groups) => groups.split('-').map(digitByDigit).join('、'))
    .replace(/(\d),(?=\d{3})/g, '$1')
    .replace(/\d+/g, numberReading)
    .replaceAll('#', 'シャープ')
    .replaceAll('*', 'コメジルシ');
}

interface Token {
  surface_form: string;
  pronunciation?: string;
  reading?: string;
}

interface Tokenizer {
  tokenize(text: string): Token[];
}

let tokenizer: Promise<Tokenizer> | undefined;

function loadTokenizer(): Promise<Tokenizer> {
  const program = createRequire(import.meta.url).resolve('@patdx/kuromoji');
  const dictionary = join(dirname(program), '../dict/');
  return new TokenizerBuilder({ loader: new NodeDictionaryLoader({ dic_path: dictionary }) }).build();
}

/** Text in kana, with its punctuation. Text without kanji is left as its author wrote it. */
export async function japaneseReading(text: string): Promise<string> {
  const spelt = spellNumbers(text);
  if (!/\p{Script=Han}/u.test(spelt)) return spelt;
  tokenizer ??= loadTokenizer();
  const tokens = (await tokenizer).tokenize(spelt);
  return tokens.map((token) => token.pronunciation ?? token.reading ?? token.surface_form).join('');
}
