import { test } from 'tap';
import { createTextSealer } from './seal-text.ts';

const key = (byte: number) => new Uint8Array(32).fill(byte);

test('what was sealed is read with any of the keys, for the same purpose and about the same thing', async (t) => {
  const sealed = createTextSealer([key(1)], 'notes').seal('電話 090', 'c_1');
  t.notMatch(Buffer.from(sealed, 'base64').toString('latin1'), /090/);
  t.equal(createTextSealer([key(2), key(1)], 'notes').open(sealed, 'c_1'), '電話 090');
  t.equal(createTextSealer([key(2)], 'notes').open(sealed, 'c_1'), undefined, 'another key');
  t.equal(createTextSealer([key(1)], 'letters').open(sealed, 'c_1'), undefined, 'another purpose');
  t.equal(createTextSealer([key(1)], 'notes').open(sealed, 'c_2'), undefined, 'another thing');
  const changed = Buffer.from(sealed, 'base64');
  changed[14] = changed[14]! ^ 1;
  t.equal(createTextSealer([key(1)], 'notes').open(changed.toString('base64'), 'c_1'), undefined, 'changed');
  t.equal(createTextSealer([key(1)], 'notes').open('AAAA', 'c_1'), undefined);
  t.not(sealed, createTextSealer([key(1)], 'notes').seal('電話 090', 'c_1'));
});
