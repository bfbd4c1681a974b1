// May this call join the queue now, must it leave now? Pure: what a queue says and what is true of it in, an answer out.
// Whether agents are there is counted over those who may take the call, by the policy and by the skills it will ask for in the
// end. Does not say what becomes of the call then; the flow does.

export const presences = ['always', 'signed-in', 'ready'] as const;

/** Whose presence is asked for: nobody's, somebody signed in, somebody signed in and not not-ready. */
export type Presence = (typeof presences)[number];

export interface AdmissionRules {
  /** So many may wait (those who are rung for and call backs not counted); null: any number. */
  mostWaiting: number | null;
  /** It overflows after so long, or joins only if it is not expected to wait longer; null: no limit. */
  mostWaitSeconds: number | null;
  mostExpectedWaitSeconds: number | null;
  /** Needed for joining. */
  joinWith: Presence;
  /** Needed for staying. */
  stayWith: Presence;
  /** How long nobody may be there before those who wait leave. */
  absenceSeconds: number;
}

export const openAdmission: AdmissionRules = {
  mostWaiting: null,
  mostWaitSeconds: null,
  mostExpectedWaitSeconds: null,
  joinWith: 'always',
  stayWith: 'always',
  absenceSeconds: 0,
};

/**
 * full, long-wait-expected: as it joined. waited-too-long: time is up. nobody-signed-in, nobody-ready: as it joined or while it
 * waited, of those who may take this call.
 */
export type OverflowReason = 'full' | 'long-wait-expected' | 'waited-too-long' | 'nobody-signed-in' | 'nobody-ready';

/** How many of those who may take the call are there. */
export interface Present {
  signedIn: number;
  /** Signed in and not not-ready: free, rung, talking, or at after-call work. */
  ready: number;
}

export function lacksPresence(asked: Presence, present: Present): OverflowReason | null {
  if (asked === 'always') return null;
  if (present.signedIn === 0) return 'nobody-signed-in';
  return asked === 'ready' && present.ready === 0 ? 'nobody-ready' : null;
}

/** For a call that nobody takes at once. `waiting`: how many wait already, itself not counted. */
export function mayNotJoin(
  rules: AdmissionRules,
  facts: { waiting: number; expectedWaitMs: () => number | undefined; present: () => Present },
): OverflowReason | null {
  const { mostWaiting, mostExpectedWaitSeconds: mostExpected } = rules;
  if (mostWaiting !== null && facts.waiting >= mostWaiting) return 'full';
  if (rules.joinWith !== 'always') {
    const lacks = lacksPresence(rules.joinWith, facts.present());
    if (lacks) return lacks;
  }
  if (mostExpected === null) return null;
  const expected = facts.expectedWaitMs();
  return expected !== undefined && expected > mostExpected * 1000 ? 'long-wait-expected' : null;
}
