import { test } from 'tap';
import { parseReasons } from './reasons.ts';

test('reasons carry a label in both languages and a class', async (t) => {
  const { reasons, problems } = parseReasons(
    `reasons:
  contract-change: { label: { ja: 契約, en: Contract }, class: personal }
`,
    'r.yaml',
  );
  t.same(problems, []);
  t.same(reasons.get('contract-change'), {
    id: 'contract-change',
    label: { ja: '契約', en: 'Contract' },
    piiClass: 'personal',
  });
});

test('a reason with a mistake is told and left out', async (t) => {
  const { reasons, problems } = parseReasons(
    `reasons:
  a: { label: { ja: あ, en: a }, class: persnal }
  b: { label: { ja: あ }, class: none }
  c: { label: { ja: あ, en: a } }
  D: { label: { ja: あ, en: a }, class: none }
  good: { label: { ja: あ, en: a }, class: none }
  good: { label: { ja: い, en: i }, class: sensitive }
`,
    'r.yaml',
  );
  t.same([...reasons.keys()], ['good']);
  t.same(
    problems.map((one) => `${one.line}:${one.column} ${one.message}`),
    [
      '2:40 reason "a": "class" must be none or personal or sensitive, not "persnal"; did you mean "personal"?',
      '3:8 reason "b": "en" is missing (english)',
      '4:3 reason "c": "class" is missing (the personal information such a conversation touches: none, personal or sensitive)',
      '5:3 reason "D": "D" is not a name in small letters, digits and "-"',
      '7:3 this key is written twice; keep one of the two',
    ],
  );
  t.same(parseReasons('- a', 'r').problems.length, 1);
});
