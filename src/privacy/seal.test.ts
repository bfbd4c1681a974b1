import t from 'tap';
import { hashNumber } from './alias.ts';
import { createNumberSealer } from './seal.ts';

const first = Buffer.alloc(32, 1);
const second = Buffer.alloc(32, 2);
const number = '+819012345678';
const hash = hashNumber(number, Buffer.alloc(32, 9));

t.test('what is sealed opens, does not show the number, and is never the same twice', async (t) => {
  const sealer = createNumberSealer([first]);
  for (const canonical of [number, '110', '0120123456', '+123456789012345']) {
    const sealed = sealer.seal(canonical, hash);
    t.equal(sealer.open(sealed, hash), canonical);
    t.equal(sealed.length, 49, 'every number takes the same room');
    t.notOk(Buffer.from(sealed).includes(canonical));
    t.not(Buffer.from(sealed).toString('hex'), Buffer.from(sealer.seal(canonical, hash)).toString('hex'));
  }
});

t.test('after rotation the new key seals and the old one still opens', async (t) => {
  const before = createNumberSealer([first]).seal(number, hash);
  const rotated = createNumberSealer([second, first]);
  t.equal(rotated.open(before, hash), number);
  const after = rotated.seal(number, hash);
  t.equal(createNumberSealer([second]).open(after, hash), number);
  t.throws(() => createNumberSealer([second]).open(before, hash), { code: 'secret-missing' });
});

t.test('a sealed number cannot be changed, cut or moved to another row', async (t) => {
  const sealer = createNumberSealer([first]);
  const sealed = sealer.seal(number, hash);
  for (let at = 5; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    t.throws(() => sealer.open(changed, hash), { code: 'internal' });
  }
  t.throws(() => sealer.open(sealed.subarray(1), hash), { code: 'internal' });
  t.throws(() => sealer.open(sealed, hashNumber('+819012345679', Buffer.alloc(32, 9))), { code: 'internal' });
});

t.test('keys of another length are refused', async (t) => {
  t.throws(() => createNumberSealer([]), { code: 'secret-missing' });
  t.throws(() => createNumberSealer([first, Buffer.alloc(16)]), { code: 'secret-missing' });
});
