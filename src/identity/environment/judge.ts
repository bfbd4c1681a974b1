// The judgement of a check: a table with one row per item, from raw figures to good, bad or unknown, in plain words with what to
// do. Pure: the same figures and limits give the same result on every node, and again years later.

import type {
  CheckItem,
  CheckLimits,
  CheckResult,
  CheckSettings,
  EnvironmentClaims,
  JudgedItem,
  LineFigures,
  NetworkJudgement,
  ReachClaim,
  Source,
  Words,
} from './check.ts';
import { worseOf } from './line-figures.ts';
import { itemLabels, lackOfLine, type Said, say } from './words.ts';

export interface Evidence {
  line: LineFigures | undefined;
  network: NetworkJudgement;
  claims: EnvironmentClaims;
  limits: CheckLimits;
}

interface Finding {
  outcome: JudgedItem['outcome'];
  source: Source;
  value: number | string | null;
  limit: number | string | null;
  words: Words;
}

type Judge = (evidence: Evidence) => Finding;

export function judge(evidence: Evidence, settings: Pick<CheckSettings, 'items'>): CheckResult {
  const items = (Object.keys(judges) as CheckItem[]).flatMap((item): JudgedItem[] => {
    const weight = settings.items[item];
    return weight === 'off' ? [] : [{ item, weight, label: itemLabels[item], ...judges[item](evidence) }];
  });
  const passed = items.every(({ weight, outcome }) => weight !== 'required' || outcome === 'good');
  return { passed, items, network: evidence.network, line: evidence.line ?? null };
}

const finding = (
  said: Said,
  good: boolean | undefined,
  source: Source,
  value: Finding['value'],
  limit: Finding['limit'] = null,
): Finding => {
  const outcome = good === undefined ? 'unknown' : good ? 'good' : 'bad';
  return { outcome, source, value, limit, words: said[outcome] };
};

function ofLine(
  figure: 'lossPercent' | 'jitterMs' | 'mos',
  limitOf: (limits: CheckLimits) => number,
  said: (value: string, limit: string) => Said,
): Judge {
  return ({ line, limits, claims }) => {
    const worse = line && worseOf(line, figure);
    const limit = limitOf(limits);
    if (!worse) return { ...none('measured', limit), words: lackOfLine(claims.lineProblem) };
    const good = figure === 'mos' ? worse.value >= limit : worse.value <= limit;
    return finding(said(String(worse.value), String(limit)), good, worse.source, worse.value, limit);
  };
}

const none = (source: Source, limit: Finding['limit'] = null): Omit<Finding, 'words'> => ({
  ...{ outcome: 'unknown', source, value: null, limit },
});

const reached =
  (way: ReachClaim['way']): Judge =>
  ({ claims }) => {
    const found = claims.reach.find((one) => one.way === way);
    const said = say[way];
    if (found?.reached === null) return { ...none('claimed'), words: say.notOffered };
    return finding(said, found?.reached, 'claimed', found?.afterMs ?? null);
  };

const judges: Record<CheckItem, Judge> = {
  network: ({ network, limits }) => {
    const bad = limits.refusedNetworks.includes(network.kind);
    const source = network.sureness === 'certain' ? 'measured' : 'claimed';
    return { outcome: bad ? 'bad' : 'good', source, value: network.kind, limit: null, words: network.words };
  },
  latency: ({ line, limits, claims }) => {
    const roundTrip = line?.roundTrip;
    if (!roundTrip) return { ...none('measured', limits.roundTripMs), words: lackOfLine(claims.lineProblem) };
    const { meanMs, source } = roundTrip;
    const said = say.latency(String(Math.round(meanMs)), String(limits.roundTripMs));
    return finding(said, meanMs <= limits.roundTripMs, source, meanMs, limits.roundTripMs);
  },
  jitter: ofLine('jitterMs', ({ jitterMs }) => jitterMs, say.jitter),
  loss: ofLine('lossPercent', ({ lossPercent }) => lossPercent, say.loss),
  mos: ofLine('mos', ({ mos }) => mos, say.mos),
  'direct-udp': reached('direct-udp'),
  'relay-udp': reached('relay-udp'),
  'relay-tcp': reached('relay-tcp'),
  'relay-tls': reached('relay-tls'),
  microphone: ({ claims: { microphone }, limits }) => {
    if (!microphone) return { ...none('claimed', limits.microphoneDb), words: say.microphone.unknown };
    const { permission, muted, peakDb } = microphone;
    if (permission === 'denied')
      return { ...none('claimed', limits.microphoneDb), outcome: 'bad', words: say.microphoneDenied };
    if (muted)
      return { ...none('claimed', limits.microphoneDb), outcome: 'bad', value: peakDb, words: say.microphoneMuted };
    const loud = peakDb === null ? undefined : peakDb >= limits.microphoneDb;
    return finding(say.microphone, loud, 'claimed', peakDb, limits.microphoneDb);
  },
  speaker: ({ claims: { speaker } }) => finding(say.speaker, speaker?.heard ?? undefined, 'claimed', null),
  camera: ({ claims: { camera } }) => {
    const denied = camera?.permission === 'denied';
    return finding(say.camera, camera?.present && !denied, 'claimed', camera?.permission ?? null);
  },
  browser: ({ claims: { browser }, limits }) => {
    const oldest = limits.browsers[browser.name];
    const { version } = browser;
    const value = `${browser.name} ${version ?? ''}`.trim();
    const good = version === null ? undefined : oldest !== undefined && version >= oldest;
    return finding(
      say.browser(value, oldest === undefined ? '—' : String(oldest)),
      good,
      'claimed',
      value,
      oldest ?? null,
    );
  },
  'second-display': ({ claims: { screens } }) =>
    finding(say.screens, screens && !screens.extended, 'claimed', screens?.count ?? null),
  battery: ({ claims: { battery }, limits }) => {
    if (!battery) return { ...none('claimed', limits.batteryPercent), words: say.battery('—').unknown };
    const { percent, charging } = battery;
    const enough = charging || percent >= limits.batteryPercent;
    return finding(say.battery(String(percent)), enough, 'claimed', percent, limits.batteryPercent);
  },
};
