import t from 'tap';
import { createKnownPasswords } from './known-passwords.ts';

async function* list() {
  yield* ['password', 'dragon', 'sonyericsson', 'gfhjkmgfhjkm', 'iloveyou'];
}
const known = createKnownPasswords(list);

t.test('what leaked is known, however it is written', async (t) => {
  for (const one of ['gfhjkmgfhjkm', 'SonyEricsson', 'ｓｏｎｙｅｒｉｃｓｓｏｎ']) t.ok(await known.isKnown(one), one);
});

t.test('a word with something added, repeated, or a run along the keyboard is known', async (t) => {
  for (const one of [
    'Password123456789',
    '2024-dragon!!!!!!',
    'passwordpassword',
    'dragondragondra',
    'aaaaaaaaaaaaaaa',
  ])
    t.ok(await known.isKnown(one), one);
  for (const one of ['123456789012345', 'qwertyuiopqwert', 'zyxwvutsrqponml', '1qaz2wsx3edc4rfv', '2468013579246801'])
    t.ok(await known.isKnown(one), one);
});

t.test('what somebody thought of is not', async (t) => {
  for (const one of [
    'correct horse battery',
    'dragon on the veranda',
    '縁側で飲む麦茶はおいしいですね',
    'vX9-kettle-moss-41',
  ])
    t.notOk(await known.isKnown(one), one);
});

t.test('a list that could not be read is read again', async (t) => {
  let tries = 0;
  const flaky = createKnownPasswords(async function* () {
    if (++tries === 1) throw new Error('no such file');
    yield 'sonyericsson';
  });
  await t.rejects(flaky.isKnown('sonyericsson'));
  t.ok(await flaky.isKnown('sonyericsson'));
});

t.test('the list that is shipped can be read', async (t) => {
  const shipped = createKnownPasswords();
  for (const one of ['polniypizdec0211', '123456789987654321', 'Leavemealone']) t.ok(await shipped.isKnown(one), one);
  t.notOk(await shipped.isKnown('correct horse battery staple'));
});
