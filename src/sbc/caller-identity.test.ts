import t from 'tap';
import { loggableCallId, readCaller, readDiverting } from './caller-identity.ts';

const read = (headers: Record<string, string>, trustAsserted = true) => {
  const { caller, withheld } = readCaller({ get: (name) => headers[name] }, { trustAsserted, form: 'national' });
  return [caller?.reveal(), withheld];
};
const from = '"0312345678" <sip:0312345678@carrier.example;user=phone>;tag=1';

t.test('the asserted identity of a trusted trunk goes before From', async (t) => {
  const headers = { From: from, 'P-Asserted-Identity': '<sip:+819012345678@carrier.example>, <tel:+81312345678>' };
  t.strictSame(read(headers), ['+819012345678', 'no']);
  t.strictSame(read(headers, false), ['+81312345678', 'no']);
  t.strictSame(read({ From: from }), ['+81312345678', 'no']);
  t.strictSame(read({ From: '<tel:+81-90-1234-5678>;tag=1' }), ['+819012345678', 'no']);
});

t.test('any instance of Privacy withholds the number, even one the carrier told us', async (t) => {
  const told = { From: from, 'P-Asserted-Identity': '<sip:+819012345678@carrier.example>' };
  for (const privacy of ['id', 'none,id', 'user;id', 'header', 'critical; id', 'critical,user'])
    t.strictSame(read({ ...told, Privacy: privacy }), [undefined, 'user-request'], privacy);
  t.strictSame(read({ ...told, Privacy: 'none' }), ['+819012345678', 'no']);
  t.strictSame(read({ From: from, 'Remote-Party-ID': '<sip:0312345678@x>;privacy=full;party=calling' }), [
    undefined,
    'user-request',
  ]);
});

t.test('an anonymous From says why', async (t) => {
  const anonymous = (name: string) => read({ From: `${name} <sip:anonymous@anonymous.invalid>;tag=1` });
  t.strictSame(anonymous('"Anonymous"'), [undefined, 'user-request']);
  t.strictSame(anonymous('"Coin line/payphone"'), [undefined, 'payphone']);
  t.strictSame(anonymous('"Unavailable"'), [undefined, 'unavailable']);
  t.strictSame(anonymous('"Interaction with other service"'), [undefined, 'unavailable']);
  t.strictSame(read({ From: 'sip:unavailable@carrier.example' }), [undefined, 'unavailable']);
});

t.test('an anonymous From with a trusted asserted number and no wish for privacy is a number', async (t) => {
  const headers = {
    From: '"Anonymous" <sip:anonymous@anonymous.invalid>',
    'P-Asserted-Identity': '<sip:0312345678@carrier.example>',
  };
  t.strictSame(read(headers), ['+81312345678', 'no']);
});

t.test('what cannot be read is unknown, and does not throw', async (t) => {
  for (const header of ['', '<>', '<sip:@>', '"', ',,,', '<sip:bob@example.com>', '<mailto:x@y>', '<sip:x'])
    t.strictSame(read({ From: header }), [undefined, 'unknown'], header);
  t.strictSame(read({}), [undefined, 'unknown']);
});

t.test('a Call-ID that holds the number of the caller is not logged as it is', async (t) => {
  const log = (callId: string, more: Record<string, string> = {}) => {
    const headers: Record<string, string> = { 'Call-ID': callId, From: from, ...more };
    return loggableCallId({ get: (name) => headers[name] });
  };
  t.equal(log('a84b4c76e66710@10.0.0.1'), 'a84b4c76e66710@10.0.0.1');
  t.match(log('81312345678-17@gw'), /^sha256:[0-9a-f]{16}$/);
  t.match(log('03-1234-5678.99@gw'), /^sha256:/);
  t.match(log('9012345678@gw', { 'P-Asserted-Identity': '<sip:+819012345678@c>', Privacy: 'id' }), /^sha256:/);
});

t.test('each carrier’s words for a number that is not there', async (t) => {
  const said = (from: string, withheldTexts?: Parameters<typeof readCaller>[1]['withheldTexts']) =>
    readCaller(
      { get: (name) => (name === 'From' ? from : undefined) },
      { trustAsserted: true, form: 'national', ...(withheldTexts ? { withheldTexts } : {}) },
    ).withheld;
  const anonymous = '<sip:anonymous@anonymous.invalid>;tag=1';
  const rows: [string, string][] = [
    [`"非通知" ${anonymous}`, 'user-request'],
    [`"公衆電話" ${anonymous}`, 'payphone'],
    [`"表示圏外" ${anonymous}`, 'unavailable'],
    [`"通知不可能" ${anonymous}`, 'unavailable'],
    [`"P" ${anonymous}`, 'user-request'],
    [`"C" ${anonymous}`, 'payphone'],
    [`"O" ${anonymous}`, 'unavailable'],
    [`"S" ${anonymous}`, 'unavailable'],
  ];
  for (const [from, expected] of rows) t.equal(said(from), expected, from);
  const own = [{ text: 'No-ID', reason: 'unavailable' as const }];
  t.equal(said(`"no-id 7" ${anonymous}`, own), 'unavailable', 'in words of its own');
  t.equal(said(`"no-id 7" ${anonymous}`), 'user-request', 'which nobody else says');
});

t.test('who sent a call on is in Diversion or History-Info', async (t) => {
  const diverting = (headers: Record<string, string>) =>
    readDiverting({ get: (name) => headers[name] }, 'national').map((number) => number.reveal());
  t.strictSame(diverting({}), []);
  t.strictSame(diverting({ Diversion: '<sip:09012345678@c;user=phone>;reason=unconditional' }), ['+819012345678']);
  t.strictSame(
    diverting({ 'History-Info': '<sip:09012345678@c>;index=1, <sip:0312345678@c>;index=1.1;mp=1' }),
    ['+819012345678'],
    'the last entry is where it goes',
  );
});
