import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { seededRandom } from '../../shared/random.ts';
import { createResolver, type Dns } from './dns.ts';

interface Zone {
  naptr?: Record<string, Awaited<ReturnType<Dns['resolveNaptr']>>>;
  srv?: Record<string, Awaited<ReturnType<Dns['resolveSrv']>>>;
  a?: Record<string, string[]>;
}

/** A resolver over a zone, and the questions it asked. */
function over({ naptr = {}, srv = {}, a = {} }: Zone) {
  const asked: string[] = [];
  const answer = <T>(kind: string, name: string, found: T | undefined): Promise<T> => {
    asked.push(`${kind} ${name}`);
    return found === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(found);
  };
  const dns: Dns = {
    resolveNaptr: (name) => answer('NAPTR', name, naptr[name]),
    resolveSrv: (name) => answer('SRV', name, srv[name]),
    lookup: (name) =>
      answer(
        'A',
        name,
        a[name]?.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
  };
  const clock = createFakeClock();
  const resolver = createResolver({ clock, random: seededRandom(5), protocols: ['udp', 'tcp', 'tls'], dns });
  return { resolver, asked, clock };
}

const record = (name: string, port: number, priority = 0, weight = 0) => ({ name, port, priority, weight });
const pointer = (service: string, replacement: string, order: number) => ({
  flags: 's',
  service,
  replacement,
  order,
  preference: 0,
});

t.test('an address needs no question, and its answer is there at once', async (t) => {
  const { resolver, asked } = over({});
  t.match(resolver.resolve({ host: '192.0.2.1' }), [{ protocol: 'udp', address: '192.0.2.1', port: 5060 }]);
  t.match(resolver.resolve({ host: '192.0.2.1', protocol: 'tls' }), [{ protocol: 'tls', port: 5061 }]);
  t.match(resolver.resolve({ host: '[2001:db8::1]', port: 5070 }), [{ address: '2001:db8::1', port: 5070 }]);
  t.same(asked, []);
});

t.test('NAPTR chooses the protocol, SRV the hosts (RFC 3263 §4.1, the example)', async (t) => {
  const { resolver, asked } = over({
    naptr: {
      'example.com': [
        pointer('SIP+D2U', '_sip._udp.example.com', 100),
        pointer('SIPS+D2T', '_sips._tcp.example.com', 50),
        pointer('SIP+D2S', '_sip._sctp.example.com', 10),
      ],
    },
    srv: { '_sips._tcp.example.com': [record('server2.example.com', 5061, 2), record('server1.example.com', 5061, 1)] },
    a: { 'server1.example.com': ['192.0.2.1', '2001:db8::1'], 'server2.example.com': ['192.0.2.2'] },
  });
  t.same(await resolver.resolve({ host: 'example.com' }), [
    { protocol: 'tls', address: '192.0.2.1', port: 5061, serverName: 'example.com' },
    { protocol: 'tls', address: '2001:db8::1', port: 5061, serverName: 'example.com' },
    { protocol: 'tls', address: '192.0.2.2', port: 5061, serverName: 'example.com' },
  ]);
  t.notOk(
    asked.some((question) => question.includes('_udp')),
    'nothing is asked that is not needed',
  );
});

t.test('without NAPTR the protocols are tried by SRV, and without SRV the name itself', async (t) => {
  const tcp = over({
    srv: { '_sip._tcp.example.com': [record('s.example.com', 5080)] },
    a: { 's.example.com': ['192.0.2.7'] },
  });
  t.match(await tcp.resolver.resolve({ host: 'example.com' }), [{ protocol: 'tcp', address: '192.0.2.7', port: 5080 }]);
  const bare = over({ a: { 'example.com': ['192.0.2.8'] } });
  t.match(await bare.resolver.resolve({ host: 'example.com' }), [
    { protocol: 'udp', address: '192.0.2.8', port: 5060 },
  ]);
  t.same(await over({}).resolver.resolve({ host: 'example.com' }), []);
});

t.test('a port, a protocol or a plain name shortens the way', async (t) => {
  const { resolver, asked } = over({
    srv: { '_sip._tcp.example.com': [record('s.example.com', 5080)] },
    a: { 'example.com': ['192.0.2.1'], 's.example.com': ['192.0.2.2'], localhost: ['127.0.0.1'] },
  });
  t.match(await resolver.resolve({ host: 'example.com', port: 5099 }), [{ address: '192.0.2.1', port: 5099 }]);
  t.match(await resolver.resolve({ host: 'example.com', protocol: 'tcp' }), [
    { protocol: 'tcp', address: '192.0.2.2', port: 5080 },
  ]);
  t.match(await resolver.resolve({ host: 'localhost' }), [{ address: '127.0.0.1', port: 5060 }]);
  t.same(asked, ['A example.com', 'SRV _sip._tcp.example.com', 'A s.example.com', 'A localhost']);
});

t.test('within one priority the weight decides how often a host comes first', async (t) => {
  const { resolver } = over({
    srv: {
      '_sip._udp.example.com': [record('heavy', 1, 1, 90), record('light', 2, 1, 10), record('spare', 3, 2, 100)],
    },
    a: { heavy: ['192.0.2.1'], light: ['192.0.2.2'], spare: ['192.0.2.3'] },
  });
  const firsts: Record<number, number> = {};
  for (let round = 0; round < 1000; round++) {
    const ports = (await resolver.resolve({ host: 'example.com', protocol: 'udp' })).map(({ port }) => port);
    t.equal(ports[2], 3);
    firsts[ports[0]!] = (firsts[ports[0]!] ?? 0) + 1;
  }
  t.ok(firsts[1]! > 850 && firsts[1]! < 950, `heavy came first ${firsts[1]} times of 1000`);
});

t.test('answers are kept for a while', async (t) => {
  const { resolver, asked, clock } = over({
    srv: { '_sip._udp.example.com': [record('s', 1)] },
    a: { s: ['192.0.2.1'] },
  });
  const questions = () => asked.filter((question) => question.startsWith('SRV')).length;
  const target = { host: 'example.com', protocol: 'udp' as const };
  await resolver.resolve(target);
  await resolver.resolve(target);
  t.equal(questions(), 1);
  clock.advance(31_000);
  await resolver.resolve(target);
  t.equal(questions(), 2);
});
