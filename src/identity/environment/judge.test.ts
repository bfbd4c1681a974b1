import { test } from 'tap';
import type { CheckItem, CheckLimits, EnvironmentClaims, LineSample, MeasuredLine, Weight } from './check.ts';
import { checkItems } from './check.ts';
import { judge } from './judge.ts';
import { lineFigures } from './line-figures.ts';
import { createNetworkKinds } from './network-kind.ts';

const limits: CheckLimits = {
  ...{ roundTripMs: 300, jitterMs: 30, lossPercent: 2, mos: 3.6, microphoneDb: -50, batteryPercent: 30 },
  browsers: { Chrome: 120 },
  refusedNetworks: ['public-wifi', 'restricted'],
};

const allOf = (weight: Weight) =>
  Object.fromEntries(checkItems.map((item) => [item, weight])) as Record<CheckItem, Weight>;

/** Ten seconds of 50 packets a second. */
const samples = ({ lossPercent = 0, jitterMs = 2, roundTripMs = 30 as number | null } = {}): LineSample[] =>
  Array.from({ length: 11 }, (_, second) => ({
    atMs: 1000 * second,
    packetsReceived: 100 + second * 50 * (1 - lossPercent / 100),
    packetsLost: 3 + (second * 50 * lossPercent) / 100,
    ...{ jitterMs, roundTripMs },
  }));

const measured = (line = samples()): MeasuredLine => ({ codec: 'PCMU', samples: line, packetsSent: 600 });

const good: EnvironmentClaims = {
  line: { samples: samples(), candidate: 'host', protocol: 'udp' },
  reach: (['direct-udp', 'relay-udp', 'relay-tcp', 'relay-tls'] as const).map((way) => ({
    ...{ way, reached: true, afterMs: 40 },
  })),
  microphone: { permission: 'granted', peakDb: -12, muted: false },
  speaker: { played: true, heard: true },
  camera: { present: true, permission: 'granted' },
  browser: { name: 'Chrome', version: 140, system: 'Windows', systemVersion: '11' },
  screens: { extended: false, count: 1 },
  battery: { percent: 80, charging: false },
};

const kindOf = createNetworkKinds({
  sites: [{ name: 'Osaka', networks: ['198.51.100.0/24', '2001:db8:aa::/48'] }],
  vpn: ['10.8.0.0/16'],
  mobile: ['203.0.113.0/25'],
  publicWifi: ['203.0.113.128/25'],
});

function check(claims: Partial<EnvironmentClaims>, line: MeasuredLine | undefined = measured(), address = '192.0.2.9') {
  const all = { ...good, ...claims };
  const figures = lineFigures(line, all.line);
  const network = kindOf({ addresses: [address], claimed: all.network, reach: all.reach, line: figures });
  return judge({ line: figures, network, claims: all, limits }, { items: allOf('required') });
}

const outcomeOf = (result: ReturnType<typeof check>, item: CheckItem) => result.items.find((one) => one.item === item)!;

test('a good line, machine and network pass, and every item says so in both languages', async (t) => {
  const result = check({});
  t.ok(result.passed, JSON.stringify(result.items.filter(({ outcome }) => outcome !== 'good')));
  t.same(
    result.items.map(({ item }) => item),
    [...checkItems],
  );
  for (const { item, words, label } of result.items)
    for (const text of [words.ja, words.en, label.ja, label.en]) t.ok(text.length > 1, item);
  t.match(result.line, {
    up: { packets: 500, lost: 0, lossPercent: 0, jitterMs: 2 },
    roundTrip: { meanMs: 30, source: 'measured' },
  });
});

test('what is lost before the measurement begins is not counted, and of both directions the worse counts', async (t) => {
  const upLoses = check({}, measured(samples({ lossPercent: 6 })));
  t.notOk(upLoses.passed);
  t.match(outcomeOf(upLoses, 'loss'), { outcome: 'bad', value: 6, limit: 2, source: 'measured' });
  t.match(outcomeOf(upLoses, 'loss').words.en, /6 % of the packets were lost; no more than 2 will do/);
  const downLoses = check({ line: { ...good.line!, samples: samples({ lossPercent: 8 }) } });
  t.match(outcomeOf(downLoses, 'loss'), { outcome: 'bad', value: 8, source: 'claimed' });
});

test('each item by itself: at its limit good, beyond it bad, untold unknown, and unknown counts against', async (t) => {
  const line = (change: Parameters<typeof samples>[0]) => measured(samples(change));
  const cases: [CheckItem, ReturnType<typeof check>, 'good' | 'bad' | 'unknown'][] = [
    ['latency', check({}, line({ roundTripMs: 300 })), 'good'],
    ['latency', check({}, line({ roundTripMs: 301 })), 'bad'],
    ['jitter', check({}, line({ jitterMs: 30 })), 'good'],
    ['jitter', check({}, line({ jitterMs: 31 })), 'bad'],
    ['loss', check({}, line({ lossPercent: 2 })), 'good'],
    ['mos', check({}, line({ lossPercent: 10, jitterMs: 30 })), 'bad'],
    ['microphone', check({ microphone: { permission: 'granted', peakDb: -51, muted: false } }), 'bad'],
    ['microphone', check({ microphone: { permission: 'denied', peakDb: null, muted: false } }), 'bad'],
    ['microphone', check({ microphone: { permission: 'granted', peakDb: -10, muted: true } }), 'bad'],
    ['microphone', check({ microphone: { permission: 'granted', peakDb: null, muted: false } }), 'unknown'],
    ['speaker', check({ speaker: { played: true, heard: false } }), 'bad'],
    ['speaker', check({ speaker: { played: true, heard: null } }), 'unknown'],
    ['camera', check({ camera: { present: false, permission: 'prompt' } }), 'bad'],
    ['browser', check({ browser: { ...good.browser, version: 119 } }), 'bad'],
    ['browser', check({ browser: { ...good.browser, name: 'Netscape' } }), 'bad'],
    ['browser', check({ browser: { ...good.browser, version: null } }), 'unknown'],
    ['second-display', check({ screens: { extended: true, count: 2 } }), 'bad'],
    ['battery', check({ battery: { percent: 5, charging: true } }), 'good'],
    ['battery', check({ battery: { percent: 29, charging: false } }), 'bad'],
    ['relay-tls', check({ reach: [{ way: 'relay-tls', reached: false, afterMs: null }] }), 'bad'],
    ['relay-tls', check({ reach: [{ way: 'relay-tls', reached: null, afterMs: null }] }), 'unknown'],
    ['direct-udp', check({ reach: [] }), 'unknown'],
  ];
  for (const [item, result, expected] of cases) {
    t.equal(outcomeOf(result, item).outcome, expected, `${item}: ${expected}`);
    if (expected !== 'good') t.notOk(result.passed, `${item} counts against`);
  }
});

test('without a line nothing is said to be good, and it is told why', async (t) => {
  const { line: _, ...rest } = good;
  const result = judge(
    {
      line: undefined,
      network: kindOf({ addresses: ['192.0.2.9'], claimed: undefined, reach: [], line: undefined }),
      claims: { ...rest, lineProblem: 'microphone' },
      limits,
    },
    { items: { ...allOf('off'), latency: 'required', loss: 'required', mos: 'advisory' } },
  );
  t.same(
    result.items.map(({ outcome }) => outcome),
    ['unknown', 'unknown', 'unknown'],
  );
  t.match(result.items[0]!.words.en, /no microphone to send with/);
  t.notOk(result.passed);
});

test('one direction alone is not a measurement of the line', async (t) => {
  const { line: _, ...claims } = good;
  const figures = lineFigures(measured(), undefined);
  const network = kindOf({ addresses: ['192.0.2.9'], claimed: undefined, reach: [], line: figures });
  const result = judge({ line: figures, network, claims, limits }, { items: { ...allOf('off'), loss: 'required' } });
  t.match(result, { passed: false, items: [{ outcome: 'unknown' }] });
});

test('an advisory item that is bad is told and fails nobody', async (t) => {
  const figures = lineFigures(measured(), good.line);
  const network = kindOf({ addresses: ['192.0.2.9'], claimed: undefined, reach: [], line: figures });
  const claims = { ...good, screens: { extended: true, count: 2 } };
  const result = judge(
    { line: figures, network, claims, limits },
    { items: { ...allOf('required'), 'second-display': 'advisory' } },
  );
  t.ok(result.passed);
});

test('the kind of network, and how sure that is', async (t) => {
  const of = (
    addresses: string[],
    type?: string,
    reach: EnvironmentClaims['reach'] = good.reach,
    roundTrips?: number[],
  ) =>
    kindOf({
      ...{ addresses, reach, claimed: type === undefined ? undefined : { type } },
      line:
        roundTrips &&
        lineFigures(measured(samples().map((one, at) => ({ ...one, roundTripMs: roundTrips[at % 2]! }))), good.line),
    });
  const noUdp: EnvironmentClaims['reach'] = [
    { way: 'direct-udp', reached: false, afterMs: null },
    { way: 'relay-tls', reached: true, afterMs: 90 },
  ];
  const cases: [string, ReturnType<typeof of>, string, string][] = [
    ['a site', of(['198.51.100.7']), 'company-site', 'certain'],
    ['a site by IPv6', of(['2001:db8:aa:1::7']), 'company-site', 'certain'],
    ['an IPv4 address as IPv6 writes it', of(['::ffff:198.51.100.7']), 'company-site', 'certain'],
    ['the VPN', of(['10.8.3.1'], 'wifi'), 'company-vpn', 'certain'],
    ['a telephone itself', of(['203.0.113.5'], 'cellular'), 'mobile', 'certain'],
    ['a carrier’s address, nothing told', of(['203.0.113.5']), 'mobile', 'likely'],
    ['a computer behind a telephone', of(['203.0.113.5'], 'wifi'), 'tethered', 'likely'],
    ['public Wi-Fi', of(['203.0.113.200'], 'wifi'), 'public-wifi', 'likely'],
    ['a telephone on no list', of(['192.0.2.1'], 'cellular'), 'mobile', 'likely'],
    ['two addresses', of(['192.0.2.1', '192.0.2.200']), 'changing', 'likely'],
    ['no UDP', of(['192.0.2.1'], undefined, noUdp), 'restricted', 'likely'],
    ['a restless round trip by Wi-Fi', of(['192.0.2.1'], 'wifi', good.reach, [20, 140]), 'tethered', 'possible'],
    ['a home', of(['192.0.2.1'], 'wifi', good.reach, [20, 40]), 'other', 'possible'],
  ];
  for (const [what, judged, kind, sureness] of cases) {
    t.match(judged, { kind, sureness }, what);
    t.match(judged.words.en, { certain: /certain/, likely: /likely/, possible: /a guess/ }[sureness]!, what);
  }
  t.match(check({}, measured(), '203.0.113.200'), { passed: false });
});
