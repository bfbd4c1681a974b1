// Reads config/devices.yaml. Every mistake is told with line, column and a sentence, and a file with one is not used at all: a rule
// that is left out would open a door. Pure: the caller reads the file.

import { createAddressMatch } from '../../shared/address-match.ts';
import { nearest } from '../../shared/nearest.ts';
import { byPlace, readYaml, type YamlPath, type YamlProblem, type YamlReading } from '../../shared/yaml/yaml-reader.ts';
import type { AccessProxySettings, CertificateSettings, DevicePolicy, DeviceRule } from './device-policy.ts';
import {
  type DevicePolicyFields,
  DevicePolicySchema,
  type DeviceRuleFields,
  type ProxyFields,
} from './device-policy-schema.ts';

/** What other files say and rules name. */
export interface DevicePolicySurroundings {
  /** Classes of personal information, from least to most. */
  classes: readonly string[];
  calendars: readonly string[];
  queues: readonly string[];
}

export type DevicePolicyReading =
  | { ok: true; policy: DevicePolicy; problems: YamlProblem[] }
  | { ok: false; problems: YamlProblem[] };

/** Where no file says anything: devices may be enrolled, and nothing is demanded. */
export const noDevicePolicy: DevicePolicy = {
  contact: { ja: '管理者', en: 'your administrator' },
  ...{ proofMs: 15 * 60_000, proxies: [], certificates: null, rules: [] },
};

/** Never throws. */
export function parseDevicePolicy(yaml: string, file: string, around: DevicePolicySurroundings): DevicePolicyReading {
  const owner = (path: YamlPath) => {
    if (path[0] === 'rules' && path[1] !== undefined) return `rule "${path[1]}"`;
    return path[0] === 'access-proxies' && path[1] !== undefined ? `access proxy "${path[1]}"` : undefined;
  };
  const reading = readYaml(yaml, file, DevicePolicySchema, owner);
  const fields = (reading.value ?? {}) as Partial<DevicePolicyFields>;
  const policy = new Reader(reading, around).policy(fields);
  const problems = reading.problems.sort(byPlace);
  const broken = problems.some(({ severity }) => severity === 'error');
  return broken ? { ok: false, problems } : { ok: true, policy, problems };
}

class Reader {
  readonly #reading: YamlReading;
  readonly #around: DevicePolicySurroundings;

  constructor(reading: YamlReading, around: DevicePolicySurroundings) {
    this.#reading = reading;
    this.#around = around;
  }

  policy(fields: Partial<DevicePolicyFields>): DevicePolicy {
    const proxies = Object.entries(fields['access-proxies'] ?? {});
    return {
      contact: fields.contact ?? noDevicePolicy.contact,
      proofMs: (fields['proof-minutes'] ?? 15) * 60_000,
      proxies: proxies.map(([name, proxy]) => this.#proxy(name, proxy)),
      certificates: this.#certificates(fields['client-certificates']),
      rules: Object.entries(fields.rules ?? {}).map(([name, rule]) => this.#rule(name, rule, fields)),
    };
  }

  #proxy(name: string, fields: ProxyFields): AccessProxySettings {
    const { keys = {} } = fields;
    const path = ['access-proxies', name, 'keys'];
    if ((keys.file === undefined) === (keys.url === undefined) && !this.#reading.brokenAt(path))
      this.#wrong(path, 'says either a "file" or a "url"', 'key');
    return {
      name,
      header: (fields.header ?? '').toLowerCase(),
      issuer: fields.issuer,
      audiences: listOf(fields.audience),
      keys: keys.url === undefined ? { file: keys.file ?? '' } : { url: keys.url },
      algorithms: fields.algorithms ?? ['ES256', 'RS256'],
      person: fields.person ?? null,
      screenLock: fields['screen-lock'] ?? null,
    };
  }

  #certificates(fields: DevicePolicyFields['client-certificates']): CertificateSettings | null {
    if (!fields) return null;
    const path = ['client-certificates'];
    const { headers } = fields;
    if (fields['ca-file'] === undefined && !headers && !this.#reading.brokenAt(path))
      this.#wrong(
        path,
        'says who asks for the certificate: "ca-file" (we do) or "headers" (a reverse proxy does)',
        'key',
      );
    if (headers && headers.fingerprint === undefined && headers.subject === undefined)
      this.#wrong([...path, 'headers'], 'names the header with the "fingerprint" or the one with the "subject"', 'key');
    return {
      caFile: fields['ca-file'] ?? null,
      headers: headers
        ? {
            verified: (headers.verified ?? '').toLowerCase(),
            fingerprint: headers.fingerprint?.toLowerCase() ?? null,
            subject: headers.subject?.toLowerCase() ?? null,
          }
        : null,
    };
  }

  #rule(name: string, fields: DeviceRuleFields, file: Partial<DevicePolicyFields>): DeviceRule {
    const path = ['rules', name];
    const { for: about = {}, needs = {} } = fields;
    if (Object.keys(needs).length === 0 && !this.#reading.brokenAt([...path, 'needs']))
      this.#wrong([...path, 'needs'], 'a rule says what a session "needs"', 'key');
    this.#names([...path, 'for', 'queue'], listOf(about.queue), this.#around.queues, 'queue');
    const networks = needs.networks ?? [];
    for (const entry of createAddressMatch(networks).unreadable)
      this.#wrong(
        [...path, 'needs', 'networks', String(networks.indexOf(entry))],
        `“${entry}” is no address or network, such as 198.51.100.0/24`,
      );
    const proxies = Object.keys(file['access-proxies'] ?? {});
    this.#names([...path, 'needs', 'access-proxy'], listOf(needs['access-proxy']), proxies, 'access proxy');
    if (needs.certificate && !file['client-certificates'])
      this.#wrong([...path, 'needs', 'certificate'], 'nobody asks for certificates: write "client-certificates"');
    return {
      name,
      says: fields.says ?? null,
      about: aboutOf(about) as DeviceRule['about'],
      needs: {
        ...(needs.device !== undefined && { devices: listOf(needs.device) }),
        ...(needs.networks !== undefined && { networks }),
        ...(needs['access-proxy'] !== undefined && { access: listOf(needs['access-proxy']) }),
        ...(needs.certificate !== undefined && { certificate: true as const }),
        ...(needs.browser !== undefined && { browsers: needs.browser }),
        ...(needs.system !== undefined && { systems: textsOf(needs.system) }),
        ...this.#screenLock(needs['screen-lock'], path, file),
        ...this.#hours(needs, path),
      },
      otherwise: this.#otherwise(fields.otherwise, path),
    };
  }

  #screenLock(
    fields: DeviceRuleFields['needs']['screen-lock'],
    path: YamlPath,
    file: Partial<DevicePolicyFields>,
  ): Pick<DeviceRule['needs'], 'screenLock'> {
    if (!fields) return {};
    const by = listOf(fields);
    const at = [...path, 'needs', 'screen-lock'];
    const saysSo = Object.values(file['access-proxies'] ?? {}).some((proxy) => proxy['screen-lock'] !== undefined);
    if (by.includes('access-proxy') && !saysSo) this.#wrong(at, 'no access proxy names a claim "screen-lock"');
    if (by.includes('certificate') && !file['client-certificates'])
      this.#wrong(at, 'nobody asks for certificates: write "client-certificates"');
    return { screenLock: by };
  }

  #hours(needs: DeviceRuleFields['needs'], path: YamlPath): Pick<DeviceRule['needs'], 'hours'> {
    const [open, closed] = [needs['while-open'], needs['while-closed']];
    if (open !== undefined && closed !== undefined)
      this.#wrong(
        [...path, 'needs', 'while-closed'],
        '"while-open" and "while-closed" are both there; write one of the two',
        'key',
      );
    const calendar = open ?? closed;
    if (calendar === undefined) return {};
    const key = open === undefined ? 'while-closed' : 'while-open';
    this.#names([...path, 'needs', key], [calendar], this.#around.calendars, 'calendar');
    return { hours: { calendar, open: open !== undefined } };
  }

  #otherwise(fields: DeviceRuleFields['otherwise'] | undefined, path: YamlPath): DeviceRule['otherwise'] {
    if (fields === undefined || fields === 'block-sign-in') return { kind: 'sign-in' };
    if (fields === 'block-desk') return { kind: 'desk' };
    const piiClass = fields['keep-away'];
    if (piiClass === 'all') return { kind: 'calls', classAtLeast: null };
    this.#names(
      [...path, 'otherwise', 'keep-away'],
      listOf(piiClass),
      this.#around.classes,
      'class of personal information',
    );
    return { kind: 'calls', classAtLeast: piiClass };
  }

  #names(path: YamlPath, names: readonly string[], known: readonly string[], what: string): void {
    for (const name of names) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      const hint = near ? `did you mean "${near}"?` : `there ${known.length ? `are ${known.join(', ')}` : 'is none'}`;
      this.#wrong(path, `there is no ${what} "${name}"; ${hint}`);
    }
  }

  #wrong(path: YamlPath, message: string, where?: 'key' | 'value'): void {
    this.#reading.report('error', path, message, where);
  }
}

const aboutKeys = {
  ...{ person: 'people', role: 'roles', queue: 'queues' },
  ...{ employment: 'employment', place: 'places', device: 'devices' },
} as const;

function aboutOf(fields: NonNullable<DeviceRuleFields['for']>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      const names = listOf(value);
      const name = aboutKeys[key as keyof typeof aboutKeys];
      return [name, name === 'people' ? names.map((login) => login.toLowerCase()) : names];
    }),
  );
}

const textsOf = (versions: Record<string, string | number>): Record<string, string> =>
  Object.fromEntries(Object.entries(versions).map(([name, version]) => [name, String(version)]));

function listOf<T>(value: T | readonly T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? [...value] : [value as T];
}
