import { type Test, test } from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { type CallId, type EnvironmentCheckId, newId, type PersonId, type SessionId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import type { EnvironmentCheckRow, EnvironmentChecks as Rows } from '../../store/environment-checks.ts';
import { type CheckSettings, checkItems, type EnvironmentClaims, type MeasuredLine } from './check.ts';
import { createEnvironmentChecks, type EnvironmentNeeds } from './environment-checks.ts';
import { networkKey } from './standing.ts';

const person = 'p_1' as PersonId;
const by = { personId: person, sessionId: 's_1' as SessionId, address: '192.0.2.9', place: 'home' as const };
const hourMs = 3_600_000;

const settings: CheckSettings = {
  check: 'required',
  places: ['home'],
  countsForHours: 10,
  staleWhenNetworkChanges: true,
  whenFailed: 'not-ready',
  items: {
    ...(Object.fromEntries(checkItems.map((item) => [item, 'off'])) as CheckSettings['items']),
    loss: 'required',
  },
  limits: {
    ...{ roundTripMs: 300, jitterMs: 30, lossPercent: 2, mos: 3.6, microphoneDb: -50, batteryPercent: 30 },
    browsers: {},
    refusedNetworks: [],
  },
  networks: { sites: [], vpn: [], mobile: [], publicWifi: [] },
  keepDays: 30,
};

const samples = [0, 1, 2].map((second) => ({
  ...{ atMs: second * 1000, packetsReceived: second * 50, packetsLost: 0, jitterMs: 1, roundTripMs: 20 },
}));
const line: MeasuredLine = { codec: 'PCMU', samples, packetsSent: 150 };
const claims: EnvironmentClaims = {
  line: { samples, candidate: 'host', protocol: 'udp' },
  reach: [],
  browser: { name: 'Chrome', version: 140, system: 'Windows', systemVersion: '11' },
};

function memoryRows(): Rows & { all: EnvironmentCheckRow[] } {
  const all: EnvironmentCheckRow[] = [];
  const newestFirst = (personId: PersonId | undefined) =>
    all.filter((row) => personId === undefined || row.personId === personId).reverse();
  return {
    all,
    async put(row) {
      all.push(row);
    },
    byId: async (id) => all.find((row) => row.id === id),
    latest: async (personId) => newestFirst(personId)[0],
    latestOfAll: async () => [...new Map(all.map((row) => [row.personId, row])).values()],
    list: async ({ personId }) => newestFirst(personId),
    async makeStale(id, at) {
      const row = all.find((one) => one.id === id);
      if (row) row.staleAt = at;
      return row !== undefined;
    },
    async forgetBefore() {},
  };
}

async function start(t: Test, change: Partial<EnvironmentNeeds> = {}, rows = memoryRows()) {
  const clock = createFakeClock(Date.UTC(2026, 10, 22, 0));
  const stopped: string[] = [];
  const changed: { personId: PersonId; here: boolean }[] = [];
  const checks = createEnvironmentChecks({
    ...{ clock, log: silentLogger, rows, settings },
    measure: () => {
      const callId = newId('call') as CallId;
      return { callId, done: Promise.resolve({ kind: 'measured', line }), stop: () => stopped.push(callId) };
    },
    isBusy: () => false,
    hasTelephone: () => false,
    ...change,
  });
  t.teardown(() => checks.close());
  checks.onChanged((personId, here) => changed.push({ personId, here }));
  await checks.start();
  const make = async (from = by) => {
    const begun = checks.begin(from);
    if (begun.kind !== 'begun') throw new Error(JSON.stringify(begun));
    return checks.finish(begun.id, from.personId, claims);
  };
  return { checks, clock, rows, stopped, changed, make };
}

test('a check that was passed counts for its time, where it is required, and not longer', async (t) => {
  const { checks, clock, make, changed } = await start(t);
  t.match(checks.standing(person, 'home'), { state: 'never', required: true });
  t.match(checks.standing(person, 'centre'), { state: 'never', required: false });
  t.match(checks.standing(person, 'unknown'), { required: true }, 'the stricter place');
  t.match(await make(), { passed: true });
  t.match(checks.standing(person, 'home'), { state: 'passed', required: true });
  clock.advance(10 * hourMs - 1);
  t.match(checks.standing(person, 'home'), { state: 'passed' });
  const before = changed.length;
  clock.advance(20_000);
  t.match(checks.standing(person, 'home'), { state: 'expired' });
  t.equal(changed.length, before + 1, 'routing is told, once');
});

test('another network makes it stale, another address of the same one does not', async (t) => {
  const { checks, make, rows } = await start(t);
  const from = { ...by, address: '2001:db8:1:2::7' };
  const begun = checks.begin(from);
  if (begun.kind !== 'begun') return t.fail();
  // The browser takes IPv4 for some of its connections.
  checks.seenFrom(person, '192.0.2.9');
  await checks.finish(begun.id, person, claims);
  for (const same of ['2001:db8:1:2:aaaa::1', '192.0.2.9', '::ffff:192.0.2.9']) {
    checks.seenFrom(person, same);
    t.match(checks.standing(person, 'home'), { state: 'passed' }, same);
  }
  checks.seenFrom(person, '2001:db8:1:3::7');
  t.match(checks.standing(person, 'home'), { state: 'stale' });
  t.ok(rows.all[0]!.staleAt);
  await make();
  t.match(checks.standing(person, 'home'), { state: 'passed' }, 'made again');
  t.equal(networkKey('2001:DB8::1'), networkKey('2001:db8:0:0:ffff::2'));
  t.not(networkKey('192.0.2.1'), networkKey('192.0.2.2'));
});

test('a company may let a change of network pass', async (t) => {
  const { checks, make } = await start(t, { settings: { ...settings, staleWhenNetworkChanges: false } });
  await make();
  checks.seenFrom(person, '203.0.113.1');
  t.match(checks.standing(person, 'home'), { state: 'passed' });
});

test('one at a time, none while calls may come, none too often, and not everybody at once', async (t) => {
  let busy = false;
  const { checks, clock, stopped } = await start(t, { isBusy: () => busy, limits: { perHour: 3, atOnce: 1 } });
  const first = checks.begin(by);
  t.equal(first.kind, 'begun');
  t.same(checks.begin(by), { kind: 'refused', because: 'running' });
  t.same(checks.begin({ ...by, personId: 'p_2' as PersonId }), { kind: 'refused', because: 'full' });
  checks.giveWay(person);
  t.equal(stopped.length, 1, 'a call comes first');
  if (first.kind === 'begun') t.ok(checks.stop(first.id, person));
  busy = true;
  t.same(checks.begin(by), { kind: 'refused', because: 'busy' });
  busy = false;
  for (let more = 0; more < 2; more++) {
    const begun = checks.begin(by);
    if (begun.kind === 'begun') checks.stop(begun.id, person);
    else t.fail(JSON.stringify(begun));
  }
  t.match(checks.begin(by), { kind: 'too-often', retryAfterSeconds: 3600 });
  clock.advance(hourMs);
  t.match(checks.begin(by), { kind: 'begun' });
});

test('a check that nobody ends goes by itself, and one of another person is nobody’s', async (t) => {
  const { checks, clock } = await start(t);
  const begun = checks.begin(by);
  if (begun.kind !== 'begun') return t.fail();
  t.equal(await checks.finish(begun.id, 'p_2' as PersonId, claims), undefined);
  t.equal(await checks.finish('ec_other' as EnvironmentCheckId, person, claims), undefined);
  clock.advance(121_000);
  t.equal(await checks.finish(begun.id, person, claims), undefined);
  t.match(checks.begin(by), { kind: 'begun' });
});

test('who has an own telephone goes on with that, where the company has it so', async (t) => {
  let hasTelephone = true;
  const { checks } = await start(t, {
    settings: { ...settings, whenFailed: 'own-telephone' },
    hasTelephone: () => hasTelephone,
  });
  t.match(checks.standing(person, 'home'), { state: 'never', byTelephone: true });
  t.match(checks.standing(person, 'centre'), { byTelephone: false }, 'where it is not required');
  hasTelephone = false;
  t.match(checks.standing(person, 'home'), { byTelephone: false });
});

test('a restart knows what was made before, and another node is told to read it', async (t) => {
  const rows = memoryRows();
  const heard: ((message: unknown, from: string) => void)[] = [];
  const live = (nodeId: string) =>
    ({
      nodeId,
      async publish(_topic: string, message: unknown) {
        for (const listener of heard) listener(message, nodeId);
      },
      subscribe(_topic: string, listener: (message: unknown, from: string) => void) {
        heard.push(listener);
        return () => {};
      },
    }) as unknown as NonNullable<EnvironmentNeeds['live']>;
  const one = await start(t, { live: live('n_1') }, rows);
  const other = await start(t, { live: live('n_2') }, rows);
  await one.make();
  await new Promise((resolve) => setImmediate(resolve));
  t.match(other.checks.standing(person, 'home'), { state: 'passed' });
  t.same(other.changed, [{ personId: person, here: false }]);
  const later = await start(t, {}, rows);
  t.match(later.checks.standing(person, 'home'), { state: 'passed' });
});
