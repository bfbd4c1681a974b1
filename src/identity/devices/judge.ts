// Judges a session by the company's rules for devices. Pure; what is not proven is lacking. Rules that are about a session must all be
// fulfilled, so that a further rule can only forbid more, and their order does not matter.

import { type AddressMatch, createAddressMatch } from '../../shared/address-match.ts';
import { isAtLeast } from './browser-version.ts';
import type { Circumstances, DevicePolicy, DeviceRule, Violation, ViolationCode, Words } from './device-policy.ts';

export interface Surroundings {
  nowMs: number;
  /** Whether a calendar of the company is open; one that is not known is closed. */
  isOpen(calendar: string, atMs: number): boolean;
}

/** One for each rule that is not fulfilled, in the order of the file. */
export function judge(
  policy: Pick<DevicePolicy, 'rules'>,
  circumstances: Circumstances,
  around: Surroundings,
): Violation[] {
  return policy.rules.flatMap((rule) => {
    if (!isAbout(rule, circumstances)) return [];
    const lack = firstLack(rule, circumstances, around);
    return lack ? [{ rule: rule.name, otherwise: rule.otherwise, ...lack, words: rule.says ?? lack.words }] : [];
  });
}

function isAbout({ about }: DeviceRule, { person, place, device }: Circumstances): boolean {
  const among = (wanted: readonly string[] | undefined, ...have: string[]) =>
    !wanted || have.some((one) => wanted.includes(one));
  return (
    among(about.people, person.login) &&
    among(about.roles, person.role) &&
    among(about.queues, ...person.queues) &&
    // Who is not known to be employed otherwise may be meant.
    (person.facts?.employment === undefined || among(about.employment, person.facts.employment)) &&
    (place === 'unknown' || among(about.places, place)) &&
    among(about.devices, device?.standing ?? 'unknown')
  );
}

interface Lack {
  code: ViolationCode;
  words: Words;
}

type Check = (needs: DeviceRule['needs'], seen: Circumstances, around: Surroundings) => Lack | undefined;

/** What the person can do least about comes first. */
const checks: readonly Check[] = [
  function ofHours({ hours }, _seen, { isOpen, nowMs }) {
    if (!hours || isOpen(hours.calendar, nowMs) === hours.open) return undefined;
    return { code: 'hours', words: { ja: 'この時間帯は利用できません', en: 'not at this hour' } };
  },
  function ofNetworks({ networks }, { address }) {
    if (!networks || matchOf(networks).matches(address)) return undefined;
    return {
      code: 'network',
      words: { ja: '会社が認めたネットワークではありません', en: 'this is not a network that the company allows' },
    };
  },
  function ofAccess({ access }, seen, { nowMs }) {
    if (!access) return undefined;
    const { access: passed, person } = seen;
    const words = {
      ja: '会社のアクセスプロキシを通っていません',
      en: 'you did not come through the company’s access proxy',
    };
    if (!passed || !access.includes(passed.proxy) || passed.expiresAt <= nowMs) return { code: 'access-proxy', words };
    if (passed.login === null || passed.login === person.login) return undefined;
    return {
      code: 'access-proxy',
      words: {
        ja: 'アクセスプロキシには別の人として接続しています',
        en: 'the access proxy knows you as somebody else',
      },
    };
  },
  function ofCertificate({ certificate }, seen) {
    if (!certificate || seen.certificate) return undefined;
    return {
      code: 'certificate',
      words: { ja: '端末の証明書がありません', en: 'the device has shown no certificate of the company' },
    };
  },
  function ofBrowser({ browsers }, { browser }) {
    if (!browsers) return undefined;
    const least = browser && browsers[browser.name];
    if (browser && least !== undefined && browser.major >= least) return undefined;
    const wanted = Object.entries(browsers).map(([name, version]) => `${titles[name] ?? name} ${version}`);
    return {
      code: 'browser',
      words: {
        ja: `ブラウザーが対象外か古すぎます（${wanted.join('、')}以降）`,
        en: `the browser is too old, or not one that is allowed (${wanted.join(', ')} or later)`,
      },
    };
  },
  function ofSystem({ systems }, { system }) {
    if (!systems) return undefined;
    const least = system && systems[system.name];
    if (system && least !== undefined && isAtLeast(system.version, least)) return undefined;
    const wanted = Object.entries(systems).map(([name, version]) =>
      version === '0' ? (titles[name] ?? name) : `${titles[name] ?? name} ${version}`,
    );
    return {
      code: 'system',
      words: {
        ja: `OSが対象外か、版が古いか確認できません（${wanted.join('、')}以降）`,
        en: `the system is not one that is allowed, or its version is too old or not known (${wanted.join(', ')} or later)`,
      },
    };
  },
  function ofDevice({ devices }, { device }) {
    if (!devices || (device && devices.includes(device.standing))) return undefined;
    return {
      code: 'device',
      words: device
        ? { ja: '会社が管理する端末ではありません', en: 'this device is not managed by the company' }
        : { ja: 'この端末は登録されていません', en: 'this device is not enrolled' },
    };
  },
  function ofScreenLock({ screenLock }, seen, { nowMs }) {
    if (!screenLock) return undefined;
    const { access, certificate } = seen;
    const attested =
      (screenLock.includes('access-proxy') && access !== undefined && access.expiresAt > nowMs && access.screenLock) ||
      (screenLock.includes('certificate') && certificate !== undefined);
    if (attested) return undefined;
    return {
      code: 'screen-lock',
      words: { ja: '画面ロックが確認できません', en: 'nothing attests that the screen of this device locks' },
    };
  },
];

/** Made once for each list of a policy. */
const matches = new WeakMap<readonly string[], AddressMatch>();

function matchOf(networks: readonly string[]): AddressMatch {
  const known = matches.get(networks) ?? createAddressMatch(networks);
  matches.set(networks, known);
  return known;
}

const titles: Readonly<Record<string, string>> = {
  ...{ chrome: 'Chrome', edge: 'Edge', firefox: 'Firefox', safari: 'Safari' },
  ...{ windows: 'Windows', macos: 'macOS', linux: 'Linux', chromeos: 'ChromeOS', ios: 'iOS', android: 'Android' },
};

function firstLack(rule: DeviceRule, seen: Circumstances, around: Surroundings): Lack | undefined {
  for (const check of checks) {
    const lack = check(rule.needs, seen, around);
    if (lack) return lack;
  }
  return undefined;
}

/** Whether a session with these may be mended by its page: the device has only to prove itself. */
export function canBeProven(violations: readonly Violation[]): boolean {
  return violations.every(({ code }) => code === 'device');
}
