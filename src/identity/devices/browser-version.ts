// Which browser and system a request says it comes from: User-Agent (RFC 9110 §10.1.5) and, where the browser sends them, client
// hints (RFC 8942: Sec-CH-UA…), which are exact where the User-Agent is frozen. Pure.
//
// What this is worth: a browser that is too old says so and is found; a person who wants to can say anything. It guards against
// neglect, not against malice. Firefox and Safari send no hints; of a frozen system version nothing is known.

import type { BrowserName, Circumstances, SystemName } from './device-policy.ts';

export type SaidHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What a page must be answered with so that a browser sends the exact versions from then on. */
export const wantedHints = 'Sec-CH-UA-Full-Version-List, Sec-CH-UA-Platform-Version';

export function browserOf(headers: SaidHeaders): Circumstances['browser'] {
  const brands = said(headers, 'sec-ch-ua');
  for (const [brand, name] of brandNames) {
    const major = new RegExp(`"${brand}";\\s*v="(\\d{1,5})`).exec(brands)?.[1];
    if (major) return { name, major: Number(major) };
  }
  const agent = said(headers, 'user-agent');
  for (const [pattern, name] of agentNames) {
    const major = pattern.exec(agent)?.[1];
    if (major) return { name, major: Number(major) };
  }
  return undefined;
}

export function systemOf(headers: SaidHeaders): Circumstances['system'] {
  const agent = said(headers, 'user-agent');
  const name = systemNameOf(/^"([^"]{1,40})"$/.exec(said(headers, 'sec-ch-ua-platform'))?.[1], agent);
  if (!name) return undefined;
  const hinted = /^"(\d{1,5}(?:\.\d{1,5}){0,3})"$/.exec(said(headers, 'sec-ch-ua-platform-version'))?.[1];
  if (hinted !== undefined) return { name, version: name === 'windows' ? windowsOf(hinted) : hinted };
  return { name, version: versionInAgent(name, agent) };
}

/** Whether `have` is at least `least`, part by part; 0 is any. */
export function isAtLeast(have: string | null, least: string): boolean {
  if (least === '0') return true;
  if (have === null) return false;
  const [ours, theirs] = [have, least].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let at = 0; at < theirs.length; at++) {
    const difference = (ours[at] ?? 0) - (theirs[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

const brandNames: readonly (readonly [string, BrowserName])[] = [
  ['Microsoft Edge', 'edge'],
  ['Google Chrome', 'chrome'],
  ['HeadlessChrome', 'chrome'],
  ['Chromium', 'chrome'],
];

/** In this order: Edge calls itself Chrome, too, and Chrome Safari. */
const agentNames: readonly (readonly [RegExp, BrowserName])[] = [
  [/\b(?:Edg|EdgA|EdgiOS)\/(\d{1,5})/, 'edge'],
  [/\b(?:Firefox|FxiOS)\/(\d{1,5})/, 'firefox'],
  [/\b(?:Chrome|HeadlessChrome|CriOS)\/(\d{1,5})/, 'chrome'],
  [/\bVersion\/(\d{1,5})[\d.]* (?:Mobile\/\w+ )?Safari\//, 'safari'],
];

const platformNames: Readonly<Record<string, SystemName>> = {
  Windows: 'windows',
  macOS: 'macos',
  Linux: 'linux',
  'Chrome OS': 'chromeos',
  'Chromium OS': 'chromeos',
  iOS: 'ios',
  Android: 'android',
};

function systemNameOf(platform: string | undefined, agent: string): SystemName | undefined {
  if (platform !== undefined && Object.hasOwn(platformNames, platform)) return platformNames[platform];
  if (/\b(?:iPhone|iPad|iPod)\b/.test(agent)) return 'ios';
  if (/\bAndroid\b/.test(agent)) return 'android';
  if (/\bCrOS\b/.test(agent)) return 'chromeos';
  if (/\bWindows NT\b/.test(agent)) return 'windows';
  if (/\bMac OS X\b/.test(agent)) return 'macos';
  return /\bLinux\b/.test(agent) ? 'linux' : undefined;
}

/** Frozen values (`Windows NT 10.0`, `Mac OS X 10_15_7`) say nothing. */
function versionInAgent(name: SystemName, agent: string): string | null {
  if (name === 'ios') return /\bOS (\d+(?:_\d+){0,2}) like Mac/.exec(agent)?.[1]?.replaceAll('_', '.') ?? null;
  if (name === 'android') return /\bAndroid (\d+(?:\.\d+){0,2})/.exec(agent)?.[1] ?? null;
  if (name === 'windows') return /\bWindows NT 6\.(\d)/.exec(agent) ? '8' : null;
  return null;
}

/** The hint counts API contracts: 13 and above is Windows 11, 1 to 10 is Windows 10, 0 is older. */
function windowsOf(hinted: string): string {
  const major = Number(hinted.split('.')[0]);
  return major >= 13 ? '11' : major >= 1 ? '10' : '8';
}

function said(headers: SaidHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value)?.slice(0, 512) ?? '';
}
