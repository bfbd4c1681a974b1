import t from 'tap';
import { markSource, parseVia, parseViaLoosely, rportOf } from './via.ts';

t.test('Via is taken apart, however loosely it is written', async (t) => {
  t.match(parseVia('SIP/2.0/UDP pc33.atlanta.com:5066;branch=z9hG4bK776;rport'), {
    transport: 'UDP',
    host: 'pc33.atlanta.com',
    port: 5066,
    branch: 'z9hG4bK776',
  });
  t.match(parseVia('SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9ikj8  , SIP/2.0/UDP x'), {
    transport: 'TCP',
    host: 'spindle.example.com',
    branch: 'z9hG4bK9ikj8',
  });
  t.match(parseVia('SIP/2.0/UDP first.example.com: 4000;ttl=16'), { host: 'first.example.com', port: 4000 });
  t.match(parseVia('SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56'), {
    transport: 'WSS',
    host: 'df7jal23ls0d.invalid',
  });
});

t.test('IPv6 may stand with and without brackets in received (RFC 5118 §4.5)', async (t) => {
  for (const received of ['[2001:db8::9:255]', '2001:db8::9:255']) {
    const via = parseVia(`SIP/2.0/UDP [2001:db8::9:1];received=${received};branch=z9hG4bKas3-111`);
    t.match(via, { host: '2001:db8::9:1', branch: 'z9hG4bKas3-111' });
  }
});

t.test('what is not a Via is undefined', async (t) => {
  for (const text of [
    '',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/2.0 x',
    'UDP x',
    'SIP/2.0/UDP a b',
    'SIP/2.0/UDP a;;b=c',
    'SIP/2.0/UDP a;b="c',
  ]) {
    t.equal(parseVia(text), undefined, text);
  }
  t.match(parseViaLoosely('SIP/2.0/UDP 192.0.2.15;;,;,,'), { host: '192.0.2.15' });
});

t.test('received and rport say where the request came from (RFC 3581)', async (t) => {
  const mark = (value: string, address = '192.0.2.9', port = 40000) =>
    markSource(value, parseVia(value)!, address, port);
  t.equal(mark('SIP/2.0/UDP 192.0.2.9;branch=b'), 'SIP/2.0/UDP 192.0.2.9;branch=b', 'nothing to add');
  t.equal(mark('SIP/2.0/UDP host:5070;branch=b'), 'SIP/2.0/UDP host:5070;branch=b;received=192.0.2.9');
  t.equal(
    mark('SIP/2.0/UDP 192.0.2.9;rport;branch=b'),
    'SIP/2.0/UDP 192.0.2.9;rport=40000;branch=b;received=192.0.2.9',
  );
  t.equal(
    mark('SIP/2.0/UDP h;received=6.6.6.6;rport'),
    'SIP/2.0/UDP h;rport=40000;received=192.0.2.9',
    'a forged received is replaced',
  );
  t.equal(mark('SIP/2.0/UDP h;branch=b, SIP/2.0/TCP i'), 'SIP/2.0/UDP h;branch=b;received=192.0.2.9, SIP/2.0/TCP i');
  t.equal(
    mark('SIP/2.0/UDP [::1]:5060;rport', '2001:db8::1'),
    'SIP/2.0/UDP [::1]:5060;rport=40000;received=2001:db8::1',
  );
  t.equal(rportOf(parseVia('SIP/2.0/UDP h;rport=5')!), 5);
  t.equal(rportOf(parseVia('SIP/2.0/UDP h;rport')!), 0);
  t.equal(rportOf(parseVia('SIP/2.0/UDP h')!), undefined);
});
