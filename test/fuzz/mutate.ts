// Mutations that know a little grammar: bytes and bits, pieces put in, cut out, doubled and swapped, lines repeated many times, numbers made
// extreme, brackets opened and not closed, pieces of other examples. All from one random source, so that a seed repeats a run.

import type { Random } from '../../src/shared/random.ts';

/** What breaks parsers of text, whatever the language. */
const textSpice = [
  '\r\n',
  '\r',
  '\n',
  '\r\n ',
  '\t',
  '\0',
  ' '.repeat(200),
  ';',
  ',',
  ':',
  '=',
  '"',
  '\\',
  '\\"',
  "'",
  '<',
  '>',
  '%',
  '%00',
  '%0d%0a',
  '[',
  ']',
  '{',
  '}',
  '@',
  '&',
  '*',
  '|',
  '/',
  '../',
  '::',
  '__proto__',
  'constructor',
  'ü',
  '\u2028',
  '\ufeff',
  '\ud800',
  '＋０',
  '9'.repeat(40),
  '-1',
  '0',
  '4294967296',
  '1e309',
  '0x7fffffff',
  'null',
  'true',
  '['.repeat(500),
  '('.repeat(500),
  '"'.repeat(99),
  ';a=b'.repeat(200),
];

export function mutate(
  example: Buffer,
  random: Random,
  more: { others: readonly Buffer[]; spice?: readonly string[] },
): Buffer {
  let bytes: Buffer = Buffer.from(example);
  for (let rounds = random.integer(1, 7); rounds > 0; rounds--) bytes = once(bytes, random, more);
  // Nothing here is about size; what is too long is refused before it is parsed.
  return bytes.length > 200_000 ? bytes.subarray(0, 200_000) : bytes;
}

function once(bytes: Buffer, random: Random, { others, spice = [] }: Parameters<typeof mutate>[2]): Buffer {
  const at = random.integer(0, bytes.length + 1);
  const length = random.integer(0, 60);
  const put = (what: Buffer, cut = 0) => Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at + cut)]);
  switch (random.integer(0, 11)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = random.integer(0, 256);
      return copy;
    }
    case 1: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at]! ^= 1 << random.integer(0, 8);
      return copy;
    }
    case 2:
    case 3:
      return put(Buffer.from(random.pick([...textSpice, ...spice])), random.integer(0, 4));
    case 4:
      return put(Buffer.alloc(0), length);
    case 5:
      return put(bytes.subarray(at, at + length));
    case 6: {
      const other = random.pick(others);
      const from = random.integer(0, other.length + 1);
      return put(other.subarray(from, from + length), random.integer(0, length + 1));
    }
    case 7:
      return bytes.subarray(0, at);
    case 8:
      return repeatLine(bytes, random);
    case 9:
      return extremeNumber(bytes, random);
    default:
      return put(Buffer.from(Array.from({ length: random.integer(1, 16) }, () => random.integer(0, 256))));
  }
}

function repeatLine(bytes: Buffer, random: Random): Buffer {
  const lines = bytes.toString('latin1').split('\n');
  const index = random.integer(0, lines.length);
  const times = random.pick([2, 3, 50, 1000]);
  const line = lines[index]!.slice(0, Math.floor(100_000 / times));
  return Buffer.from(
    [...lines.slice(0, index), ...Array.from({ length: times }, () => line), ...lines.slice(index + 1)].join('\n'),
    'latin1',
  );
}

function extremeNumber(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('latin1');
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return bytes;
  const { index, 0: digits } = random.pick(numbers);
  const extreme = random.pick(['0', '-1', '65535', '65536', '4294967295', '9'.repeat(30), '1e9', '0.5', '00000']);
  return Buffer.from(text.slice(0, index) + extreme + text.slice(index + digits.length), 'latin1');
}
