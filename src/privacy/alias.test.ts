import t from 'tap';
import { seededRandom } from '../shared/random.ts';
import { aliasFits, aliasFromHash, hashNumber, longerAlias, parseAlias } from './alias.ts';

const key = Buffer.alloc(32, 7);

t.test('an alias is stable for a number and a key, and different for others', async (t) => {
  const alias = aliasFromHash(hashNumber('+819012345678', key));
  t.equal(aliasFromHash(hashNumber('+819012345678', key)), alias);
  t.not(aliasFromHash(hashNumber('+819012345679', key)), alias);
  t.not(aliasFromHash(hashNumber('+819012345678', Buffer.alloc(32, 8))), alias);
});

t.test('an alias has eight symbols that cannot be confused when spoken or written', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const symbols = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const alias = aliasFromHash(hashNumber(`+8190${random.integer(10_000_000, 99_999_999)}`, key));
    if (!/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/.test(alias)) t.fail(alias);
    for (const symbol of alias.replace('-', '')) symbols.add(symbol);
  }
  t.equal(symbols.size, 32, 'all symbols occur');
});

t.test('a longer alias begins with the shorter one, and fits the same hash', async (t) => {
  const hash = hashNumber('+819012345678', key);
  const short = aliasFromHash(hash);
  const long = longerAlias(short, hash);
  t.match(long, new RegExp(`^${short}-.{4}$`));
  t.ok(aliasFits(short, hash) && aliasFits(long, hash));
  t.notOk(aliasFits(short, hashNumber('+819012345679', key)));
});

t.test('an alias is understood however it is written down', async (t) => {
  for (const text of ['K7Q4-M2XD', 'k7q4m2xd', ' K7Q4 M2XD ', 'Ｋ７Ｑ４ー ｍ２ｘｄ', 'K7Q4–M2XD']) {
    t.equal(parseAlias(text), 'K7Q4-M2XD', text);
  }
  for (const text of ['', 'K7Q4', 'K7Q4-M2X', 'K7Q4-M2X0', 'K7Q4-M2XI', '09012345678', 'K7Q4-M2XD-'.repeat(9)]) {
    t.equal(parseAlias(text), undefined, text);
  }
});
