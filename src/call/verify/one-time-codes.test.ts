import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { hashCode } from '../../privacy/one-time-code.ts';
import { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Alias, Vault } from '../../privacy/vault.ts';
import { newId } from '../../shared/ids.ts';
import { seededRandom } from '../../shared/random.ts';
import type { NewVerificationCode, VerificationCodes } from '../../store/verification.ts';
import { createOneTimeCodes } from './one-time-codes.ts';

const seed = Date.now() % 1_000_000;
const key = Buffer.alloc(32, 7);
const number = PhoneNumber.fromCanonical('+819012345678')!;
const alias = 'AAAA-AAAA' as Alias;

function setup(more: Partial<VerificationCodes> = {}) {
  const clock = createFakeClock();
  const puts: NewVerificationCode[] = [];
  const said: string[] = [];
  const counts = new Map<string, number>();
  const rows: VerificationCodes = {
    async put(code) {
      puts.push(code);
      return true;
    },
    redeem: async ({ codeHash }) => {
      const row = puts.find((one) => one.codeHash === codeHash);
      return row && { ...row, ended: 'used', endedAt: clock.now(), usedByCall: null };
    },
    missed: async (query) => void said.push(`missed ${query.alias}`),
    byId: async (id) => {
      const row = puts.find((one) => one.id === id);
      return row && { ...row, ended: null, endedAt: null, usedByCall: null };
    },
    revoke: async () => true,
    async countTry(scope) {
      counts.set(scope, (counts.get(scope) ?? 0) + 1);
      return counts.get(scope)!;
    },
    uncountTry: async (scope) => void counts.set(scope, counts.get(scope)! - 1),
    purge: async () => {},
    ...more,
  };
  const vault: Vault = { remember: async () => alias, recall: async (given) => (given === alias ? number : undefined) };
  const settings = { lifetimeSeconds: 600, mostPerCustomer: 3, triesPerCustomer: 4, triesWithheld: 2 };
  const codes = createOneTimeCodes({ clock, random: seededRandom(seed), rows, vault, key, settings });
  const redeem = (digits: string, caller: string | null = alias) =>
    codes.redeem({ digits, factor: 'one-time-code', alias: caller, callId: newId('call') });
  const make = async (customer: Parameters<typeof codes.make>[0]['customer'] = { number }) => {
    const made = await codes.make({ factor: 'one-time-code', customer });
    if (made.kind !== 'made') throw new Error(made.kind);
    return made;
  };
  return { clock, puts, said, counts, codes, redeem, make };
}

t.test(`a code is kept as its hash, under the alias of the number (seed ${seed})`, async (t) => {
  const { make, puts, clock, codes } = setup();
  const made = await make();
  t.match(puts[0], { id: made.id, codeHash: hashCode(made.code, key), alias, customerHash: null });
  t.equal(made.expiresAt, clock.now() + 600_000);
  t.notMatch(JSON.stringify(puts), new RegExp(made.code));
  t.match(await codes.byId(made.id), { state: 'waiting', callId: null });
  clock.advance(600_000);
  t.match(await codes.byId(made.id), { state: 'expired' });
});

t.test('the company’s own name of a customer is kept as a keyed hash only', async (t) => {
  const { make, puts } = setup();
  await make({ key: 'customer-4711' });
  t.equal(puts[0]?.alias, null);
  t.match(puts[0]?.customerHash, /^[0-9a-f]{64}$/);
  t.notMatch(JSON.stringify(puts), /4711/);
});

t.test('an alias that nobody has, and too many codes for one customer, are refused', async (t) => {
  const { codes, make } = setup();
  t.match(await codes.make({ factor: 'x', customer: { alias: 'ZZZZ-ZZZZ' as Alias } }), { kind: 'unknown-alias' });
  for (let i = 0; i < 3; i++) await make();
  t.match(await codes.make({ factor: 'x', customer: { alias } }), { kind: 'too-many' });
  await t.rejects(codes.make({ factor: 'x', customer: {} }), { code: 'invalid-argument' });
});

t.test('a hash that is taken: another code is drawn', async (t) => {
  let draws = 0;
  const { make } = setup({ put: async () => ++draws > 2 });
  await make();
  t.equal(draws, 3);
  const full = setup({ put: async () => false });
  await t.rejects(full.make(), { code: 'too-many-requests' });
});

t.test('a good code is not counted as a try; wrong ones are, and then nothing is looked at', async (t) => {
  const { make, redeem, counts, said } = setup();
  const { code, id } = await make();
  t.strictSame(await redeem(code), { kind: 'verified', codeId: id });
  t.equal(counts.get(`tried:${alias}`), 0);
  // A code that was never made: 572 and Damm's digit.
  for (let i = 0; i < 4; i++) t.strictSame(await redeem('00005724'), { kind: 'wrong' });
  t.equal(said.length, 4, 'the customer’s own codes are counted against');
  t.strictSame(await redeem(code), { kind: 'locked' }, 'even the right one');
  t.equal(said.length, 4);
});

t.test('a slip of the finger is wrong without being looked up or counted', async (t) => {
  const { redeem, counts } = setup();
  for (const digits of ['00005725', '1', '', '000057240', '0000572*'])
    t.strictSame(await redeem(digits), { kind: 'wrong' });
  t.equal(counts.get(`tried:${alias}`), undefined);
});

t.test('withheld numbers share one count, and lock nobody’s code', async (t) => {
  const { redeem, said } = setup();
  t.match(await redeem('00005724', null), { kind: 'wrong' });
  t.match(await redeem('00005724', null), { kind: 'wrong' });
  t.match(await redeem('00005724', null), { kind: 'locked' });
  t.strictSame(said, []);
});
