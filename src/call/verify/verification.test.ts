import t from 'tap';
import { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Alias } from '../../privacy/vault.ts';
import { newId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import type { LookupOutcome, LookupRequest } from '../services/lookups.ts';
import type { Delivered } from './sealed-delivery.ts';
import { type Check, createVerification } from './verification.ts';
import { codeFactor, factorsOf, verificationProblems } from './verification-settings.ts';

const call = { id: newId('call'), alias: 'AAAA-AAAA' as Alias };
const number = PhoneNumber.fromCanonical('+819012345678')!;

function setup({ looked, delivered }: { looked?: LookupOutcome; delivered?: Delivered } = {}) {
  const asked: LookupRequest[] = [];
  const verification = createVerification({
    ...{ log: silentLogger, factors: [], triesPerCall: 6 },
    codes: {
      redeem: async ({ digits }) => (digits === '1' ? { kind: 'verified', codeId: 'o_1' } : { kind: 'locked' }),
    },
    sealed: { deliver: async () => delivered ?? Promise.reject(new Error('the database is away')) },
    vault: { recall: async () => number },
    ...(looked
      ? {
          lookups: {
            async ask(request: LookupRequest) {
              asked.push(request);
              return looked;
            },
          },
        }
      : {}),
    keepsDigits: (service) => service === 'crm',
  });
  return { asked, check: (how: Check, digits = '77') => verification.check({ check: how, factor: 'f', digits, call }) };
}

t.test('our codes: whose it was, and nothing more', async (t) => {
  const { check } = setup();
  t.strictSame(await check({ kind: 'code' }, '1'), { kind: 'verified', codeId: 'o_1' });
  t.strictSame(await check({ kind: 'code' }), { kind: 'locked' });
});

t.test('a lookup: found is right, not found is wrong, anything else is not checked', async (t) => {
  const lookup: Check = { kind: 'lookup', service: 'crm', parameters: [['lang', 'ja']], digitsAs: 'birth' };
  const found = setup({ looked: { kind: 'found', values: {} } });
  t.strictSame(await found.check({ ...lookup, callerNumberAs: 'tel' }), { kind: 'verified' });
  t.match(found.asked[0], { callerNumber: { as: ['tel'], number } });
  t.strictSame(found.asked[0]?.parameters, [
    ['lang', 'ja'],
    ['birth', '77'],
  ]);
  t.equal((await found.check(lookup)).kind, 'verified');
  t.equal(found.asked[1]?.callerNumber, undefined, 'the number only if it is asked for');
  t.strictSame(await setup({ looked: { kind: 'notFound' } }).check(lookup), { kind: 'wrong' });
  t.strictSame(await setup({ looked: { kind: 'failed', because: 'timeout' } }).check(lookup), {
    ...{ kind: 'not-checked', because: 'timeout' },
  });
  t.match(await found.check({ ...lookup, service: 'in-the-url' }), { because: 'not-for-secrets' });
  t.equal(found.asked.length, 2, 'no digit goes into a URL');
  t.match(await setup().check(lookup), { kind: 'not-checked', because: 'no-such-service' });
});

t.test('sealed: taken counts, what waits does not, and a fault is no verification', async (t) => {
  const seal: Check = { kind: 'seal', destination: 'payments' };
  t.strictSame(await setup({ delivered: { kind: 'taken' } }).check(seal), { kind: 'verified' });
  t.strictSame(await setup({ delivered: { kind: 'wrong' } }).check(seal), { kind: 'wrong' });
  t.match(await setup({ delivered: { kind: 'waits', because: '503' } }).check(seal), { because: 'not-delivered-yet' });
  t.match(await setup({ delivered: { kind: 'failed', because: 'refused' } }).check(seal), { because: 'refused' });
  t.match(await setup().check(seal), { kind: 'not-checked', because: 'fault' });
});

t.test('settings that cannot be are said, and our own codes are always there', async (t) => {
  const factor = { ...codeFactor, name: 'birth' };
  t.strictSame(
    factorsOf({ factors: [factor] }).map(({ name }) => name),
    ['one-time-code', 'birth'],
  );
  t.strictSame(factorsOf({ factors: [codeFactor] }), [codeFactor]);
  const others = { lookups: [{ name: 'crm', url: 'https://crm.test', method: 'GET' }], mayAsk: () => false };
  const destination = {
    name: 'd',
    url: 'https://x.test',
    recipients: ['age1'],
    headers: {},
    timeoutSeconds: 5,
    keepHours: 1,
  };
  const problems = verificationProblems(
    {
      factors: [
        { ...factor, check: { kind: 'lookup', service: 'crm', digitsAs: 'x' } },
        { ...factor, name: 'b', check: { kind: 'lookup', service: 'none', digitsAs: 'x' }, minDigits: 9 },
        { ...factor, name: 'c', check: { kind: 'seal', destination: 'none' } },
        { ...factor, name: 'c' },
      ],
      destinations: [destination],
    },
    others,
  );
  t.strictSame(problems, [
    'verification.factors: “c” is there twice.',
    'verification.factors: “birth” asks “crm”, which puts digits where they are logged: make it POST.',
    'verification.factors: “b” has minDigits above maxDigits.',
    'verification.factors: “b” names the lookup “none”, which is not there.',
    'verification.factors: “c” names the destination “none”, which is not there.',
    'verification.destinations: the host of “d” is not in outgoing.hosts.',
  ]);
});
