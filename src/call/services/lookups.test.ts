import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { PhoneNumber } from '../../privacy/phone-number.ts';
import type { GuardedAnswer, GuardedRequest } from '../../shared/http/guarded-request.ts';
import type { Logger } from '../../shared/logger.ts';
import type { LookupSettings } from './lookup-settings.ts';
import { createLookups, lookupProblems } from './lookups.ts';

const service: LookupSettings = {
  name: 'crm',
  url: 'https://crm.test/members/{member}',
  method: 'GET',
  headers: { authorization: 'Bearer x' },
  timeoutSeconds: 4,
  attempts: 2,
  maxResponseKilobytes: 64,
  sendsCallerNumber: 'no',
  notFoundStatuses: [404],
  values: { tier: 'customer.tier', count: 'count' },
};
const number = PhoneNumber.fromCanonical('+819012345678')!;
const ok = (json: unknown, status = 200): GuardedAnswer => ({
  kind: 'answered',
  status,
  body: Buffer.from(JSON.stringify(json)),
});

function setup(
  more: Partial<LookupSettings>,
  answers: (GuardedAnswer | ((request: GuardedRequest) => GuardedAnswer))[],
) {
  const clock = createFakeClock();
  const sent: GuardedRequest[] = [];
  const logged: unknown[] = [];
  const log = { error: (fields: unknown) => logged.push(fields) } as unknown as Logger;
  const lookups = createLookups({
    clock,
    log,
    services: [{ ...service, ...more }],
    async send(request) {
      sent.push(request);
      const next = answers.shift() ?? { kind: 'failed', because: 'unreachable' };
      return typeof next === 'function' ? next(request) : next;
    },
  });
  return { clock, sent, logged, lookups };
}

t.test('parameters go where the URL names them, the others into the query; fields come back as values', async (t) => {
  const { lookups, sent } = setup({}, [ok({ customer: { tier: 'gold' }, count: 3, more: 'x' })]);
  const parameters = [
    ['member', '1/2?&'],
    ['lang', '日本'],
  ] as const;
  t.strictSame(await lookups.ask({ service: 'crm', parameters }), {
    kind: 'found',
    values: { tier: 'gold', count: '3' },
  });
  t.equal(sent[0]?.url, `https://crm.test/members/1%2F2%3F%26?lang=${encodeURIComponent('日本')}`);
  t.match(sent[0], {
    method: 'GET',
    headers: { authorization: 'Bearer x' },
    timeoutMs: 2000,
    maxResponseBytes: 65_536,
  });
});

t.test('with POST they are the fields of a JSON body', async (t) => {
  const { lookups, sent } = setup({ method: 'POST', url: 'https://crm.test/find' }, [ok({})]);
  t.strictSame(await lookups.ask({ service: 'crm', parameters: [['a', '"1"']] }), { kind: 'found', values: {} });
  t.match(sent[0], { url: 'https://crm.test/find', body: '{"a":"\\"1\\""}' });
});

t.test('the caller’s number goes out only if the settings say so, in the form they say', async (t) => {
  for (const [sendsCallerNumber, wanted] of [
    ['no', ''],
    ['e164', '%2B819012345678'],
    ['national', '09012345678'],
  ] as const) {
    const { lookups, sent } = setup({ sendsCallerNumber, url: 'https://crm.test/x' }, [ok({})]);
    await lookups.ask({ service: 'crm', parameters: [], callerNumber: { as: ['tel'], number } });
    t.equal(sent[0]?.url, `https://crm.test/x?tel=${wanted}`, sendsCallerNumber);
  }
  const { lookups, sent } = setup({ sendsCallerNumber: 'e164', url: 'https://crm.test/x' }, [ok({})]);
  await lookups.ask({ service: 'crm', parameters: [], callerNumber: { as: ['tel'], number: undefined } });
  t.equal(sent[0]?.url, 'https://crm.test/x?tel=', 'withheld');
});

t.test('nobody like that: by status, or by a field that is not there', async (t) => {
  const one = setup({}, [ok({}, 404)]);
  t.strictSame(await one.lookups.ask({ service: 'crm', parameters: [] }), { kind: 'notFound' });
  const two = setup({ foundWhen: 'customer' }, [ok({ customer: null })]);
  t.strictSame(await two.lookups.ask({ service: 'crm', parameters: [] }), { kind: 'notFound' });
});

t.test('trouble is tried again, at the second URL if there is one; a refusal is not', async (t) => {
  const again = setup({ fallbackUrl: 'https://crm.test/second' }, [ok({}, 503), ok({ count: 1 })]);
  t.match(await again.lookups.ask({ service: 'crm', parameters: [] }), { kind: 'found', values: { count: '1' } });
  t.strictSame(
    again.sent.map(({ url }) => url),
    ['https://crm.test/members/', 'https://crm.test/second'],
  );
  const refused = setup({}, [ok({}, 401)]);
  t.strictSame(await refused.lookups.ask({ service: 'crm', parameters: [] }), { kind: 'failed', because: 'refused' });
  t.equal(refused.sent.length, 1);
  const forbidden = setup({}, [{ kind: 'failed', because: 'forbidden-address' }]);
  t.match(await forbidden.lookups.ask({ service: 'crm', parameters: [] }), { because: 'forbidden-address' });
  t.equal(forbidden.sent.length, 1);
});

t.test('attempts share the time there is', async (t) => {
  const slow = (request: GuardedRequest): GuardedAnswer => {
    made.clock.advance(request.timeoutMs);
    return { kind: 'failed', because: 'timeout' };
  };
  const made = setup({ attempts: 3, timeoutSeconds: 3 }, [slow, slow, slow]);
  t.match(await made.lookups.ask({ service: 'crm', parameters: [] }), { kind: 'failed', because: 'timeout' });
  t.strictSame(
    made.sent.map(({ timeoutMs }) => timeoutMs),
    [1000, 1000, 1000],
  );
});

t.test('an answer that is no JSON fails', async (t) => {
  const { lookups } = setup({}, [{ kind: 'answered', status: 200, body: Buffer.from('<html>') }]);
  t.match(await lookups.ask({ service: 'crm', parameters: [] }), { kind: 'failed', because: 'no-json' });
});

t.test('a service that keeps failing is left alone for a while, and nothing of a person is logged', async (t) => {
  const { lookups, sent, clock, logged } = setup({ attempts: 1 }, []);
  const ask = () => lookups.ask({ service: 'crm', parameters: [['member', 'secret-77']] });
  for (let i = 0; i < 5; i += 1) t.match(await ask(), { because: 'unreachable' });
  t.match(await ask(), { because: 'rests' });
  t.equal(sent.length, 5);
  clock.advance(15_000);
  t.match(await ask(), { because: 'unreachable' });
  t.equal(sent.length, 6);
  t.notMatch(JSON.stringify(logged), /secret/);
  t.match(await lookups.ask({ service: 'other', parameters: [] }), { because: 'no-such-service' });
});

t.test(
  'settings that cannot be are said: a host that a caller would choose, one that is not listed, a name twice',
  async (t) => {
    const mayAsk = (url: string) => new URL(url).hostname === 'crm.test';
    t.strictSame(lookupProblems([service], mayAsk), []);
    const problems = lookupProblems(
      [
        service,
        { ...service, url: 'https://{member}.test/' },
        { ...service, name: 'b', fallbackUrl: 'https://other.test/{x}' },
      ],
      mayAsk,
    );
    t.equal(problems.length, 3);
    t.match(problems.join(' '), /“crm” is there twice.*host of “crm” must be written out.*host of “b” is not in/);
  },
);
