// What a check of `engawa doctor` finds: a sentence each, that says what to do when it is no good news.

import type { Config } from '../../config.ts';
import { explain } from '../explain.ts';

export type Finding = { level: 'ok' | 'warning' | 'error'; sentence: string };

export interface Patient {
  config: Config;
  /** Engawa itself runs at this moment, so its ports are taken, as they should be. */
  running: boolean;
}

export type Check = (patient: Patient) => Promise<Finding[]> | Finding[];

export const ok = (sentence: string): Finding => ({ level: 'ok', sentence });
export const warning = (sentence: string): Finding => ({ level: 'warning', sentence });
export const error = (sentence: string): Finding => ({ level: 'error', sentence });

/** A check that throws has found something, too. */
export async function findingsOf(check: Check, patient: Patient): Promise<Finding[]> {
  try {
    return await check(patient);
  } catch (thrown) {
    return [error(explain(thrown))];
  }
}

/** `1.2` is at least `1`, `1.10` at least `1.9`. What is not a version is not. */
export function isAtLeast(version: string, minimum: string): boolean {
  const numbers = (text: string) => (/\d+(\.\d+)*/.exec(text)?.[0] ?? '-1').split('.').map(Number);
  const [given, wanted] = [numbers(version), numbers(minimum)];
  for (const [place, least] of wanted.entries()) {
    const part = given[place] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** Clocks that differ make records disagree, and credentials of minutes worthless. */
export function judgeClock(what: string, theirs: number, ours: number): Finding {
  const seconds = Math.abs(theirs - ours) / 1000;
  const differ = `The clock of ${what} and this machine’s differ by ${seconds.toFixed(1)} s`;
  if (seconds > 30) return error(`${differ}: run an NTP client (chrony, systemd-timesyncd) on both.`);
  if (seconds > 2) return warning(`${differ}: see that an NTP client runs on both.`);
  return ok(`The clock of ${what} agrees with this machine’s.`);
}
