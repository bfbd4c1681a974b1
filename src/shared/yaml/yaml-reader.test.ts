import t from 'tap';
import { Type } from 'typebox';
import { readYaml } from './yaml-reader.ts';
import { section } from './yaml-schema.ts';

const schema = section('A company', {
  name: Type.String({ default: 'Demo' }),
  numbers: Type.Array(section('A number', { digits: Type.String(), public: Type.Boolean({ default: true }) }), {
    default: [{ digits: '110' }],
  }),
  http: section('Web', { port: Type.Integer({ minimum: 1, maximum: 65535, default: 8080 }) }),
  media: Type.Union([
    section('ours', { kind: Type.Literal('embedded'), engines: Type.Integer({ default: 1, minimum: 1 }) }),
    section('theirs', { kind: Type.Literal('freeswitch'), servers: Type.Array(Type.String()) }),
  ]),
});
const read = (text: string) => readYaml(text, 'x.yaml', schema, (path) => path.slice(0, -1).join('.') || undefined);
const told = (text: string) => read(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

t.test('what is not written has its default: in sections, in lists, in the branch that a kind names', async (t) => {
  const whole = {
    name: 'Demo',
    numbers: [{ digits: '110', public: true }],
    http: { port: 8080 },
    media: { kind: 'embedded', engines: 1 },
  };
  t.same(read('media: {kind: embedded}\n').value, whole);
  t.same(read('http:\nmedia: {kind: embedded}\n').value, whole, 'a section without keys is one that is left out');
  t.same(read('numbers: [{digits: 0312345678}]\nmedia: {kind: embedded}\n').value, {
    ...whole,
    numbers: [{ digits: '0312345678', public: true }],
  });
});

t.test('a mistake is told with line, column and a sentence, and hides no other', async (t) => {
  t.strictSame(told('name: x\nhttp:\n  prot: 80\n  port: eighty\nmedia: {kind: embeded}\n'), [
    '3:3 http: "prot" is not known here; did you mean "port"?',
    '4:9 http: "port" must be a whole number from 1 to 65535, not "eighty"',
    '5:9 media: "kind" must be "embedded" or "freeswitch", not "embeded"; did you mean "embedded"?',
  ]);
  t.strictSame(told('media: {kind: embedded, engines: 0}\n'), [
    '1:34 media: "engines" must be a whole number of at least 1, not 0',
  ]);
});

t.test('a branch of a tagged union says what it lacks, and so does one without a kind', async (t) => {
  t.strictSame(told('media: {kind: freeswitch}\n'), ['1:1 media: "servers" is missing']);
  t.strictSame(told('media: {}\n'), ['1:1 "media" needs a kind: "embedded" or "freeswitch"']);
});

t.test('broken YAML is a problem, not an exception', async (t) => {
  t.match(read('a: [1,\nb: }').problems, [{ line: Number }]);
  t.match(read('name: a\nname: b\n').problems, [{ line: 2 }]);
});
