import t from 'tap';
import { escapeUser, formatUri, parseHostPort, parseUri, sameUri, unescapeUri } from './uri.ts';

function same(a: string, b: string): boolean {
  return sameUri(parseUri(a)!, parseUri(b)!);
}

t.test('a sip URI is taken apart and put together again', async (t) => {
  const text = 'sip:alice:secret@atlanta.example.com:5070;transport=tcp;lr?subject=x&priority=urgent';
  const uri = parseUri(text);
  t.same(uri, {
    scheme: 'sip',
    user: 'alice',
    password: 'secret',
    host: 'atlanta.example.com',
    port: 5070,
    params: [{ name: 'transport', value: 'tcp' }, { name: 'lr' }],
    headers: [
      { name: 'subject', value: 'x' },
      { name: 'priority', value: 'urgent' },
    ],
  });
  t.equal(formatUri(uri!), text);
});

t.test('hosts may be names, IPv4 and IPv6 addresses (RFC 5118 §4.1 to §4.4)', async (t) => {
  t.match(parseUri('sip:192.0.2.1'), { host: '192.0.2.1', port: undefined, user: undefined });
  t.match(parseUri('sip:[2001:db8::10]'), { host: '2001:db8::10', port: undefined });
  t.match(parseUri('sip:[2001:db8::10]:5070'), { host: '2001:db8::10', port: 5070 });
  t.match(parseUri('sip:[2001:db8::10:5070]'), { host: '2001:db8::10:5070', port: undefined });
  t.match(parseUri('sip:[::ffff:192.0.2.10]'), { host: '::ffff:192.0.2.10' });
  t.match(
    parseUri('sip:user@[2001:db8:::192.0.2.1]'),
    { host: '2001:db8:::192.0.2.1' },
    'RFC 5118 §4.10: the grammar of RFC 3261 allows three colons',
  );
  t.equal(parseUri('sip:2001:db8::10'), undefined);
  t.equal(formatUri(parseUri('sip:a@[2001:db8::10]:5070')!), 'sip:a@[2001:db8::10]:5070');
});

t.test('what is not a URI is undefined', async (t) => {
  const broken = [
    '',
    'alice',
    'sip:',
    'sip:@host',
    'sip:a@',
    'sip:a@b@c@',
    'sip:a b@c',
    'sip:a@host:0x',
    'sip:a@host:99999',
    'sip:a@[::1',
    '<sip:a@b>',
    'tel:',
    'tel:abc xyz',
    'sip:a@b;;c',
  ];
  for (const text of broken) t.equal(parseUri(text), undefined, text);
});

t.test('tel and unknown schemes are kept', async (t) => {
  t.same(parseUri('tel:+81-3-1234-5678;phone-context=x'), {
    scheme: 'tel',
    number: '+81-3-1234-5678',
    params: [{ name: 'phone-context', value: 'x' }],
  });
  t.same(parseUri('urn:service:sos'), { scheme: 'other', name: 'urn', text: 'urn:service:sos' });
});

t.test('the examples of RFC 3261 §19.1.4 compare as they should', async (t) => {
  t.ok(same('sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'));
  t.ok(same('sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'));
  t.ok(same('sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'));
  t.ok(
    same(
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ),
  );
  t.notOk(same('SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'), 'users differ in case');
  t.notOk(same('sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'), 'a port is not the default port');
  t.notOk(same('sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'));
  t.notOk(same('sip:carol@chicago.com', 'sip:carol@chicago.com;user=phone'));
  t.notOk(same('sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'));
  t.notOk(same('sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'));
  t.notOk(same('sip:a@b', 'sips:a@b'));
  t.ok(same('tel:+81-3-1234', 'tel:+8131234'));
  t.notOk(same('tel:+8131234', 'sip:+8131234@x'));
});

t.test('escapes are undone and made', async (t) => {
  t.equal(unescapeUri('sip%3Auser%40example.com'), 'sip:user@example.com');
  t.equal(unescapeUri('100%'), '100%');
  t.equal(unescapeUri('%zz%4'), '%zz%4');
  t.equal(unescapeUri('%E3%81%82'), 'あ');
  t.equal(escapeUser('a b@c'), 'a%20b%40c');
  t.equal(unescapeUri(escapeUser('東京 #1')), '東京 #1');
});

t.test('host and port are split', async (t) => {
  t.same(parseHostPort('example.com:5060'), { host: 'example.com', port: 5060 });
  t.same(parseHostPort('[::1]:5060'), { host: '::1', port: 5060 });
  for (const text of ['', ':5060', 'a:', 'a:b', 'a:70000', '[::1]5060', 'a b', '[zz]'])
    t.equal(parseHostPort(text), undefined, text);
});
