// What this browser says of itself, its machine and its network, as far as it says anything. All of it is a claim: the server
// marks it as such. Asks for no permission that it does not have; what a browser does not know stays untold.

import type { EnvironmentClaimsBody } from '../../../src/api/contracts/environment.ts';

type Claims = EnvironmentClaimsBody;

interface MoreNavigator {
  connection?: { type?: string; effectiveType?: string; rtt?: number; downlink?: number };
  userAgentData?: {
    platform?: string;
    brands?: { brand: string; version: string }[];
    getHighEntropyValues?(names: string[]): Promise<{ platformVersion?: string }>;
  };
  getBattery?(): Promise<{ level: number; charging: boolean }>;
}

const more = navigator as Navigator & MoreNavigator;

/** NetworkInformation (WICG). */
export function networkClaim(): Pick<Claims, 'network'> {
  const { connection } = more;
  if (!connection) return {};
  const { type, effectiveType, rtt, downlink } = connection;
  return {
    network: {
      ...(type === undefined ? {} : { type }),
      ...(effectiveType === undefined ? {} : { effectiveType }),
      ...(rtt === undefined ? {} : { roundTripMs: rtt }),
      ...(downlink === undefined ? {} : { downlinkMbps: downlink }),
    },
  };
}

/** Brands that say whose browser it is, before those that every relative of Chromium names. */
const brands: readonly [RegExp, string][] = [
  [/Edge/i, 'Edge'],
  [/Chrome/i, 'Chrome'],
  [/Chromium/i, 'Chrome'],
];
/** The same in the User-Agent of browsers without brands. Edge and Chrome name Safari, too. */
const agents: readonly [RegExp, string][] = [
  [/Edg\/(\d+)/, 'Edge'],
  [/Firefox\/(\d+)/, 'Firefox'],
  [/(?:Chrome|CriOS)\/(\d+)/, 'Chrome'],
  [/Version\/(\d+).*Safari/, 'Safari'],
];
const systems: readonly [RegExp, string][] = [
  [/Windows NT ([\d.]+)/, 'Windows'],
  [/(?:iPhone|CPU) OS ([\d_]+)/, 'iOS'],
  [/Mac OS X ([\d_.]+)/, 'macOS'],
  [/Android ([\d.]+)/, 'Android'],
  [/CrOS \S+ ([\d.]+)/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

export async function browserClaim(): Promise<Claims['browser']> {
  const { userAgentData: data } = more;
  const agent = navigator.userAgent;
  const system = systems.find(([pattern]) => pattern.test(agent));
  const told = await data?.getHighEntropyValues?.(['platformVersion']).catch(() => undefined);
  const systemVersion = told?.platformVersion || system?.[0].exec(agent)?.[1] || '';
  return {
    ...nameOf(data?.brands ?? [], agent),
    system: (data?.platform || system?.[1] || '').slice(0, 60),
    systemVersion: systemVersion.replaceAll('_', '.').slice(0, 60),
  };
}

function nameOf(told: { brand: string; version: string }[], agent: string): { name: string; version: number | null } {
  for (const [pattern, name] of brands) {
    const brand = told.find((one) => pattern.test(one.brand));
    if (brand) return { name, version: Number.parseInt(brand.version, 10) || null };
  }
  for (const [pattern, name] of agents) {
    const version = pattern.exec(agent)?.[1];
    if (version) return { name, version: Number(version) };
  }
  return { name: 'unknown', version: null };
}

/** Window Management: how many there are only where that was allowed before; whether there is more than one, in Chromium. */
export async function screensClaim(): Promise<Pick<Claims, 'screens'>> {
  const extended = (screen as Screen & { isExtended?: boolean }).isExtended;
  if (extended === undefined) return {};
  const counting = window as unknown as { getScreenDetails?(): Promise<{ screens: unknown[] }> };
  const granted = (await permissionOf('window-management')) === 'granted';
  const details = granted ? await counting.getScreenDetails?.().catch(() => undefined) : undefined;
  return { screens: { extended, count: details?.screens.length ?? null } };
}

export async function batteryClaim(): Promise<Pick<Claims, 'battery'>> {
  const battery = await more.getBattery?.().catch(() => undefined);
  if (!battery) return {};
  return { battery: { percent: Math.round(battery.level * 100), charging: battery.charging } };
}

/** Only whether there is one; no picture is taken. */
export async function cameraClaim(): Promise<Pick<Claims, 'camera'>> {
  const devices = await navigator.mediaDevices?.enumerateDevices().catch(() => undefined);
  if (!devices) return {};
  return {
    camera: { present: devices.some(({ kind }) => kind === 'videoinput'), permission: await permissionOf('camera') },
  };
}

export async function permissionOf(name: string): Promise<'granted' | 'denied' | 'prompt' | 'unknown'> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    // This browser does not know the name.
    return 'unknown';
  }
}
