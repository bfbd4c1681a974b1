// What a call asks of an agent at a time: the policy's key, skills that relax, tiers that widen. Calls of one demand ask for the
// same agents, so they stand on one shelf. There are few demands: as many as the flows and the settings name.

import type { CallFacts, Policy } from '../../policy/policy.ts';
import type { SkillNeed, WaitingCall } from '../acd.ts';

export interface Demand {
  key: string;
  /** What it asks for in the end: the same for a call however long it waits. */
  lastKey: string;
  skills: readonly Level[];
  /** What of the skills is asked for in the end. */
  lastSkills: readonly Level[];
  /** The highest tier that is asked now. */
  reach: number;
  notFor: readonly string[];
}

export type Level = readonly [skill: string, level: number];

/** Tiers beyond this one are asked like this one. */
export const highestTier = 9;

export function demandOf(
  call: WaitingCall,
  facts: CallFacts,
  { policy, tierWaitSeconds, nowMs }: { policy: Policy; tierWaitSeconds: number; nowMs: number },
): Demand {
  const waitedMs = Math.max(0, nowMs - call.enteredAt);
  const skills = levelsAfter(call.skills ?? [], waitedMs);
  const lastSkills = levelsAfter(call.skills ?? [], Number.POSITIVE_INFINITY);
  const reach =
    tierWaitSeconds > 0 ? Math.min(highestTier, Math.floor(waitedMs / (tierWaitSeconds * 1000))) : highestTier;
  const notFor = [...new Set(call.notFor)].sort();
  const lastKey = JSON.stringify([policy.needKey(facts), lastSkills]);
  const key = JSON.stringify([lastKey, skills, reach, notFor]);
  return { key, lastKey, skills, lastSkills, reach, notFor };
}

/** Skills without steps of their own get those of the queue. */
export function relaxing(skills: readonly SkillNeed[], everySeconds: number): readonly SkillNeed[] {
  if (everySeconds <= 0) return skills;
  const steps = (level: number) =>
    Array.from({ length: Math.max(0, level) }, (_, i) => ({
      afterSeconds: (i + 1) * everySeconds,
      level: level - 1 - i,
    }));
  return skills.map((need) => (need.relax ? need : { ...need, relax: steps(need.level) }));
}

function levelsAfter(needs: readonly SkillNeed[], waitedMs: number): Level[] {
  return needs
    .map(({ skill, level, relax = [] }): Level => {
      // The latest step that has come; steps may stand in any order.
      let latest = { afterSeconds: 0, level };
      for (const step of relax)
        if (step.afterSeconds * 1000 <= waitedMs && step.afterSeconds >= latest.afterSeconds) latest = step;
      return [skill, latest.level];
    })
    .filter(([, level]) => level > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** When the demand of a call changes next by waiting; null: it does not. */
export function demandChangesAt(call: WaitingCall, tierWaitSeconds: number, nowMs: number): number | null {
  let next = Number.POSITIVE_INFINITY;
  const consider = (afterSeconds: number) => {
    const at = call.enteredAt + afterSeconds * 1000;
    if (at > nowMs && at < next) next = at;
  };
  for (const { relax = [] } of call.skills ?? []) for (const { afterSeconds } of relax) consider(afterSeconds);
  if (tierWaitSeconds > 0) {
    const tier = Math.floor(Math.max(0, nowMs - call.enteredAt) / (tierWaitSeconds * 1000)) + 1;
    if (tier <= highestTier) consider(tier * tierWaitSeconds);
  }
  return Number.isFinite(next) ? next : null;
}

export function hasSkills(has: Readonly<Record<string, number>> | undefined, asked: readonly Level[]): boolean {
  return asked.every(([skill, level]) => (has?.[skill] ?? 0) >= level);
}
