import t from 'tap';
import { Type } from 'typebox';
import { checkYaml, nearest, section } from './yaml-check.ts';

const schema = section('A company', {
  name: Type.String({ default: 'Demo' }),
  http: section('Web', { port: Type.Integer({ minimum: 1, maximum: 65535, default: 8080 }) }),
  media: Type.Union([
    section('ours', { kind: Type.Literal('embedded') }),
    section('theirs', { kind: Type.Literal('freeswitch'), servers: Type.Array(Type.String()) }),
  ]),
});

t.test('a good text gets its defaults', async (t) => {
  const result = checkYaml('http: {}\nmedia: {kind: embedded}\n', schema);
  t.match(result, { ok: true, value: { name: 'Demo', http: { port: 8080 }, media: { kind: 'embedded' } } });
});

t.test('a mistake is told with line, column and a sentence', async (t) => {
  const result = checkYaml('name: x\nhttp:\n  prot: 80\n  port: eighty\nmedia: {kind: embeded}\n', schema);
  t.equal(result.ok, false);
  if (result.ok) return;
  t.strictSame(result.problems, [
    { line: 3, column: 9, path: 'http.prot', message: 'Unknown key “prot”; did you mean “port”?' },
    {
      line: 4,
      column: 9,
      path: 'http.port',
      message: 'http.port must be a whole number, at least 1, at most 65535, but is “eighty”.',
    },
    { line: 5, column: 8, path: 'media', message: 'media needs a kind: “embedded” or “freeswitch”.' },
  ]);
});

t.test('a branch of a tagged union says what it lacks', async (t) => {
  const result = checkYaml('http: {}\nmedia: {kind: freeswitch}\n', schema);
  t.match(result, { ok: false, problems: [{ message: 'media needs “servers”.' }] });
});

t.test('broken YAML is a problem, not an exception', async (t) => {
  t.match(checkYaml('a: [1,\nb: }', schema), { ok: false, problems: [{ line: Number }] });
  t.match(checkYaml('name: a\nname: b\n', schema), { ok: false, problems: [{ line: 2 }] });
});

t.test('the nearest word is only offered when it is near', async (t) => {
  t.equal(nearest('quque', ['queue', 'say']), 'queue');
  t.equal(nearest('banana', ['queue', 'say']), undefined);
});
