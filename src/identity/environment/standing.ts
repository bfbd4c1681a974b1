// Where a person stands with the newest check: passed, failed, never made, too old, or made on another network; and what follows
// from it for routing. Pure.

import { isIP } from 'node:net';
import type { Place } from '../../shared/events.ts';
import type { EnvironmentCheckId } from '../../shared/ids.ts';
import type { EnvironmentCheckRow } from '../../store/environment-checks.ts';
import type { CheckSettings, Words } from './check.ts';

export type CheckState = 'passed' | 'failed' | 'stale' | 'expired' | 'never';
export type KnownCheck = Omit<EnvironmentCheckRow, 'record'>;

export interface CheckStanding {
  state: CheckState;
  /** Calls of this person depend on it, at the place of now. */
  required: boolean;
  /** It does not count, and calls go to the own telephone instead. */
  byTelephone: boolean;
  checkId: EnvironmentCheckId | null;
  at: number | null;
  countsUntil: number | null;
}

export function stateOf(check: KnownCheck | undefined, nowMs: number): CheckState {
  if (!check) return 'never';
  if (check.staleAt !== null) return 'stale';
  if (check.countsUntil <= nowMs) return 'expired';
  return check.passed ? 'passed' : 'failed';
}

export function standingOf(
  check: KnownCheck | undefined,
  given: { settings: CheckSettings; place: Place; hasTelephone: boolean; nowMs: number },
): CheckStanding {
  const { settings, place, hasTelephone, nowMs } = given;
  const state = stateOf(check, nowMs);
  // Where somebody is and nobody knows, the stricter place counts.
  const there = settings.places.includes(place) || (place === 'unknown' && settings.places.length > 0);
  const required = settings.check === 'required' && there;
  return {
    ...{ state, required },
    byTelephone: required && state !== 'passed' && settings.whenFailed === 'own-telephone' && hasTelephone,
    checkId: check?.id ?? null,
    at: check?.at ?? null,
    countsUntil: check?.countsUntil ?? null,
  };
}

/** Nothing may be offered to this person. */
export const keepsAway = ({ required, state, byTelephone }: CheckStanding): boolean =>
  required && state !== 'passed' && !byTelephone;

export const stateWords: Record<Exclude<CheckState, 'passed'>, Words> = {
  failed: { ja: '就業前の環境確認に合格していません', en: 'the check before the shift was not passed' },
  stale: {
    ja: '環境確認のあとにネットワークが変わりました',
    en: 'the network has changed since the check before the shift',
  },
  expired: { ja: '環境確認の有効期限が過ぎています', en: 'the check before the shift is too old' },
  never: { ja: '就業前の環境確認が済んでいません', en: 'the check before the shift was not made' },
};

/**
 * Two addresses of one network have equal keys: of IPv6 the first 64 bits, because the rest changes by itself every day
 * (RFC 8981); of IPv4 all of it, because behind it is the whole house.
 */
export function networkKey(address: string): string {
  const plain = address.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = (plain.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - behind.length)).fill('0');
  return [...before, ...zeros, ...behind]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
