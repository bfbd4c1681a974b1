import t from 'tap';
import { activated, fixedKey, keyRingText, openingKeys, parseKeyRing, prepared, retired } from './key-ring.ts';

const key = (byte: string) => byte.repeat(32);

t.test('one key alone is a ring; what is no key is refused without being repeated', async (t) => {
  const ring = parseKeyRing(`${key('aa')}\n`, 'vault.key');
  t.strictSame(
    openingKeys(ring).map((one) => one.toString('hex')),
    [key('aa')],
  );
  for (const text of [
    '',
    'MARKER',
    key('aa').slice(2),
    `${key('aa')} next:MARKER`,
    `other:${key('aa')}`,
    `next:${key('aa')}`,
  ])
    t.throws(
      () => parseKeyRing(text, 'vault.key'),
      { code: 'secret-missing', message: /^vault\.key (?!.*MARKER)/ },
      text,
    );
});

t.test(
  'a key is known before it seals, seals, and is then alone; aliases and recovery codes keep theirs',
  async (t) => {
    const first = parseKeyRing(key('aa'), 'x');
    const fresh = Buffer.from(key('bb'), 'hex');
    const known = prepared(first, fresh);
    t.strictSame(prepared(known, Buffer.from(key('cc'), 'hex')), known, 'preparing twice is preparing once');
    t.equal(known.keys[0]!.toString('hex'), key('aa'), 'does not seal yet');
    const sealing = activated(known);
    t.strictSame(
      sealing.keys.map((one) => one.toString('hex')),
      [key('bb'), key('aa')],
    );
    t.strictSame(activated(sealing), sealing);
    const alone = retired(sealing);
    t.strictSame(
      alone.keys.map((one) => one.toString('hex')),
      [key('bb')],
    );
    for (const name of ['alias', 'sign-in'] as const)
      for (const ring of [known, sealing, alone]) t.same(fixedKey(ring, name), fixedKey(first, name), name);
    t.strictSame(parseKeyRing(keyRingText(alone), 'x'), alone);
    t.strictSame(
      parseKeyRing(keyRingText(known).replaceAll('\n', ','), 'x'),
      known,
      'in one line of the environment, too',
    );
  },
);
