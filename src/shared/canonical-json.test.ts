import t from 'tap';
import { canonicalJson } from './canonical-json.ts';

t.test('the examples of RFC 8785 come out byte for byte', async (t) => {
  const input = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  t.equal(
    canonicalJson(input),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    '§3.2.2',
  );
  const sorted = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  t.strictSame(
    [...canonicalJson(sorted).matchAll(/:"([^"]+)"/g)].map(([, value]) => value),
    [
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ],
    '§3.2.3',
  );
});

t.test('numbers are written as in appendix B', async (t) => {
  for (const [value, text] of [
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [1e21, '1e+21'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [333333333.3333332, '333333333.3333332'],
    [1424953923781206.2, '1424953923781206.2'],
  ] as const)
    t.equal(canonicalJson(value), text);
  t.throws(() => canonicalJson(Number.NaN), RangeError);
  t.throws(() => canonicalJson(Number.POSITIVE_INFINITY), RangeError);
});

t.test('what is undefined is not there, and half a character is refused', async (t) => {
  t.equal(canonicalJson({ b: undefined, a: { d: [], c: {} } }), '{"a":{"c":{},"d":[]}}');
  t.throws(() => canonicalJson('\ud83d'), RangeError);
  t.throws(() => canonicalJson({ ['\ude00']: 1 }), RangeError);
  t.equal(canonicalJson('😀'), '"😀"');
});
