// What people and other programs see of a block: the list by REST, letting a source in again, the event that goes to supervisors and to other
// nodes, the line that fail2ban reads, figures.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openGuard } from '../../src/app/guard.ts';
import { parseConfig } from '../../src/config.ts';
import { createCloser } from '../../src/shared/closer.ts';
import type { EngawaEvent } from '../../src/shared/events.ts';
import { createLogger } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { testApi } from '../support/centre/api.ts';
import { eventually } from '../support/eventually.ts';
import { createFakeClock } from '../support/fake-clock.ts';

t.setTimeout(60_000);

/** An event log of two nodes: what one appends, both hear. */
function sharedEvents() {
  const listeners = new Set<(event: EngawaEvent) => void>();
  const kept: EngawaEvent[] = [];
  return {
    kept,
    subscribe(listener: (event: EngawaEvent) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async append(event: object) {
      const whole = { id: `e_${kept.length}`, at: 0, ...event } as never;
      kept.push(whole);
      for (const listener of listeners) listener(whole);
      return whole;
    },
  };
}

function node(events: ReturnType<typeof sharedEvents>, config = '') {
  const lines: string[] = [];
  const clock = createFakeClock();
  const log = createLogger({ destination: { write: (line) => void lines.push(line) } });
  const opened = openGuard(parseConfig(`demo: true\n${config}`, 'x.yaml').config, {
    clock,
    log,
    closer: createCloser(),
    events: events as never,
  });
  return { ...opened, lines, clock };
}

const scan = ({ guard }: ReturnType<typeof node>, address: string) =>
  guard.admitsRequest({ address, method: 'OPTIONS', uriUser: '100', userAgent: 'sipvicious', from: '', to: '' });

t.test('a block of one node holds on the other, and so does letting it in', async (t) => {
  const events = sharedEvents();
  const [one, other] = [node(events), node(events)];
  scan(one, '192.0.2.66');
  t.same(
    events.kept.map(({ type }) => type),
    ['source-blocked'],
  );
  t.equal(other.guard.standing('192.0.2.66'), 'blocked');
  t.match(other.blocks.list(), [{ source: '192.0.2.66', because: 'scanner' }]);
  await events.append({ type: 'source-let-in', source: '192.0.2.66', personId: null, keyId: null });
  t.equal(one.guard.standing('192.0.2.66'), 'stranger');
  t.equal(other.guard.standing('192.0.2.66'), 'stranger');
});

t.test('who is not answered is in the log, once a minute: it may be a carrier whose address is missing', async (t) => {
  const one = node(sharedEvents());
  const ask = (address: string) =>
    one.guard.admitsRequest({ address, method: 'INVITE', uriUser: '100', userAgent: undefined, from: '', to: '' });
  for (let n = 0; n < 5; n++) ask('192.0.2.20');
  const told = () => one.lines.filter((line) => line.includes('is not answered')).length;
  t.equal(told(), 1);
  one.clock.advance(61_000);
  ask('192.0.2.20');
  t.equal(told(), 2);
});

t.test('an IPv6 source is blocked with its network, and says so', async (t) => {
  const one = node(sharedEvents());
  scan(one, '2001:db8:1:2:3:4:5:6');
  t.equal(one.guard.standing('2001:db8:1:2::99'), 'blocked');
  t.equal(one.guard.standing('2001:db8:1:3::99'), 'stranger');
  t.equal(one.blocks.list()[0]?.source, '2001:db8:1:2::/64');
});

t.test('fail2ban reads the line: our filter finds the address in it', async (t) => {
  const one = node(sharedEvents());
  scan(one, '192.0.2.7');
  scan(one, '2001:db8::7');
  const filter = readFileSync(join(projectRoot, 'deploy/fail2ban/filter.d/engawa.conf'), 'utf8');
  const pattern = /^failregex = (.*)$/m.exec(filter)![1]!.replace('<HOST>', '(?<host>[\\d.a-fA-F:]+)');
  const found = one.lines.map((line) => new RegExp(pattern).exec(line.trim())?.groups?.['host']).filter(Boolean);
  t.same(found, ['192.0.2.7', '2001:db8::7']);
});

t.test(
  'what is allowed is never blocked, what is denied never heard; a flood of blocks is told a few times a minute',
  async (t) => {
    const events = sharedEvents();
    const one = node(events, 'border:\n  allow: [198.51.100.0/24]\n  deny: [203.0.113.9]\n  scanners: [our-enemy]\n');
    scan(one, '198.51.100.7');
    t.equal(one.guard.standing('198.51.100.7'), 'friend');
    t.equal(one.guard.standing('203.0.113.9'), 'blocked');
    one.guard.admitsRequest({
      address: '192.0.2.1',
      method: 'INVITE',
      uriUser: 'x',
      userAgent: 'Our-Enemy/2',
      from: '',
      to: '',
    });
    t.equal(one.guard.standing('192.0.2.1'), 'blocked');
    for (let n = 0; n < 500; n++) scan(one, `192.0.${n >> 8}.${n & 255}`);
    t.ok(one.blocks.list().length >= 500);
    t.equal(events.kept.length, 30);
    t.ok((one.gauges()['engawa_sip_guard_scanner'] ?? 0) >= 500);
    t.throws(() => node(sharedEvents(), 'border:\n  allow: [example.org]\n'), {
      code: 'config-invalid',
      message: /border\.allow/,
    });
  },
);

t.test('a block is seen and lifted by those who may, and it is kept who did', async (t) => {
  const blocks = [
    { source: '192.0.2.5', address: '192.0.2.5', because: 'scanner' as const, since: 1, until: 2, dropped: 3 },
  ];
  const acts: unknown[] = [];
  const lifted: string[] = [];
  const { api, store, signIn, apiKey } = await testApi(t, {
    blocks: { list: () => blocks, lift: (source) => lifted.push(source) > 0 },
    audit: { write: async (entry) => void acts.push(entry) },
  });
  const [agent, supervisor, administrator] = [
    await signIn('hanako'),
    await signIn('midori'),
    await signIn('root-admin'),
  ];
  const ask = (method: 'GET' | 'DELETE', path: string, headers: Record<string, string>) =>
    api.app.inject({ method, url: `/api/v1/blocks${path}`, headers });
  t.equal((await ask('GET', '', agent)).statusCode, 403);
  t.same((await ask('GET', '', supervisor)).json(), { items: blocks, nextCursor: null });
  t.equal((await ask('DELETE', '/192.0.2.5', supervisor)).statusCode, 403);
  t.equal((await ask('DELETE', '/192.0.2.6', administrator)).statusCode, 404);
  acts.length = 0;
  t.equal((await ask('DELETE', '/192.0.2.5', administrator)).statusCode, 204);
  t.equal(
    (await ask('DELETE', `/${encodeURIComponent('2001:db8::/64')}`, { authorization: `Bearer ${apiKey}` })).statusCode,
    404,
  );
  t.same(lifted, ['192.0.2.5']);
  t.match(acts, [{ act: 'source-let-in', outcome: 'done', target: { id: '192.0.2.5' }, by: { personId: /./ } }]);
  await eventually('the event', async () => (await store.events.read({ types: ['source-let-in'] })).length === 1);
});
