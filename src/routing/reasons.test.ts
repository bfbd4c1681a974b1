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
      '2:40 reason "a": there is no class "persnal"; did you mean "personal"?',
      '3:8 reason "b": "en" is missing (english)',
      '4:3 reason "c": "class" is missing (the class of personal information that such a conversation touches)',
      '5:3 reason "D": "D" is not a name in small letters, digits and "-"',
      '7:3 this key is written twice; keep one of the two',
    ],
  );
  t.same(parseReasons('- a', 'r').problems.length, 1);
});

test('the company names its own classes, from least to most, and reasons use them', async (t) => {
  const { reasons, classes, problems } = parseReasons(
    `classes:
  open: { label: { ja: 公開, en: public information } }
  shared: { label: { ja: 社外秘, en: internal information }, description: { ja: 例, en: such as } }
  closed: { label: { ja: 極秘, en: secret information } }
reasons:
  a: { label: { ja: あ, en: a }, class: shared }
  b: { label: { ja: い, en: b }, class: personal }
`,
    'r.yaml',
  );
  t.same(
    classes.map(({ id }) => id),
    ['open', 'shared', 'closed'],
  );
  t.same(classes[1]?.description, { ja: '例', en: 'such as' });
  t.same([...reasons.keys()], ['a']);
  t.same(
    problems.map((one) => `${one.line}:${one.column} ${one.message}`),
    ['7:40 reason "b": there is no class "personal"; there are open, shared, closed'],
  );
});

test('without classes of the company there are none, personal and sensitive', async (t) => {
  const { classes } = parseReasons('reasons: { a: { label: { ja: あ, en: a }, class: none } }', 'r.yaml');
  t.same(
    classes.map(({ id }) => id),
    ['none', 'personal', 'sensitive'],
  );
});
