import t from 'tap';
import { replaceLocalhost, spellHeaderName, wireHeaders } from './app-headers.ts';

t.test('what the stack owns and what is no token never reaches the wire', async (t) => {
  const given = ['via', 'Route', 'record-route', 'RSeq', 'content-length', 'From', 'CSeq', 'bad name', 'x(y'];
  t.same(
    wireHeaders(
      given.map((name) => ({ name, value: 'v' })),
      'h:1',
    ),
    [],
  );
});

t.test('lower-case names get their usual spelling, extension names keep theirs', async (t) => {
  const names = ['content-type', 'rack', 'www-authenticate', 'x-shop', 'X-Shop', 'P-Charging-Vector'];
  t.same(names.map(spellHeaderName), [
    'Content-Type',
    'RAck',
    'WWW-Authenticate',
    'x-shop',
    'X-Shop',
    'P-Charging-Vector',
  ]);
});

t.test('localhost becomes our address, with any port it had; names that only begin so stay', async (t) => {
  const ours = '192.0.2.1:5080';
  t.equal(replaceLocalhost('<sip:a@localhost>;expires=3', ours), `<sip:a@${ours}>;expires=3`);
  t.equal(replaceLocalhost('sip:localhost:5060;lr', ours), `sip:${ours};lr`);
  t.equal(replaceLocalhost('<sip:a@localhost.example.com>', ours), '<sip:a@localhost.example.com>');
  t.equal(replaceLocalhost('"localhost" <sip:a@b>', ours), '"localhost" <sip:a@b>');
});

t.test('a bare Contact gets brackets, its parameters stay with the header', async (t) => {
  t.same(wireHeaders([{ name: 'contact', value: 'sip:a@localhost;expires=60' }], 'h:1'), [
    { name: 'Contact', value: '<sip:a@h:1>;expires=60' },
  ]);
});
