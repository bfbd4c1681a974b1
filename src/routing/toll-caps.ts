// How much has been dialled, and whether one more call may be: caps by person, trunk or company, over the last hour or 24 hours,
// in calls, minutes and estimated cost, by kind of number. Pure: fed with what happens, in any order of nodes; a call that runs
// counts up to now. What is older than a day is forgotten. Emergency calls are never given to it.

export interface TollCap {
  name: string;
  per: 'person' | 'trunk' | 'company';
  window: 'hour' | 'day';
  /** Empty: all. */
  classes: readonly string[];
  calls?: number;
  minutes?: number;
  cost?: number;
  alarmPercent: number;
}

/** One call out. */
export interface TollUse {
  legId: string;
  callId: string;
  /** Null: a flow made it. */
  personId: string | null;
  numberClass: string;
  /** Null until it is known. */
  trunk: string | null;
  dialledAt: number;
  answeredAt: number | null;
  endedAt: number | null;
}

export type TollUnit = 'calls' | 'minutes' | 'cost';

/** Where a cap stands for one person, trunk or the company. */
export interface TollStand {
  cap: TollCap;
  subject: string;
  unit: TollUnit;
  used: number;
  limit: number;
}

export interface TollBook {
  /** Idempotent, by leg. */
  dialled(use: TollUse): void;
  answered(legId: string, trunk: string | null, at: number): void;
  ended(legId: string, at: number): void;
  /** Whatever of this call still runs is over: its node may be gone. */
  callEnded(callId: string, at: number): void;
  /** The first cap that leaves no room for one more such call. Without a trunk, those per trunk are not asked. */
  refusing(call: Pick<TollUse, 'personId' | 'numberClass' | 'trunk'>, now: number): TollStand | undefined;
  /** Caps of these subjects that have reached their alarm. */
  alarming(call: Pick<TollUse, 'personId' | 'numberClass' | 'trunk'>, now: number): TollStand[];
  /** Estimated, of one call so far. */
  costOf(legId: string, now: number): { minutes: number; cost: number } | undefined;
}

const hourMs = 3_600_000;
const windowMs = { hour: hourMs, day: 24 * hourMs };
const units = ['calls', 'minutes', 'cost'] as const satisfies readonly TollUnit[];

export function createTollBook(settings: {
  caps: readonly TollCap[];
  /** Of a minute, by kind of number; 0 for what is not there. */
  rates: Readonly<Record<string, number>>;
}): TollBook {
  const { caps, rates } = settings;
  /** In the order of dialling, so that what is too old is at the front. */
  const uses = new Map<string, TollUse>();

  function forget(now: number): void {
    for (const [legId, use] of uses) {
      if ((use.endedAt ?? now) >= now - windowMs.day && use.dialledAt >= now - 2 * windowMs.day) return;
      uses.delete(legId);
    }
  }

  function minutesWithin({ answeredAt, endedAt }: TollUse, from: number, now: number): number {
    if (answeredAt === null) return 0;
    return Math.max(0, (endedAt ?? now) - Math.max(answeredAt, from)) / 60_000;
  }

  function subjectOf(cap: TollCap, { personId, trunk }: Pick<TollUse, 'personId' | 'trunk'>): string | null {
    if (cap.per === 'company') return 'company';
    return cap.per === 'person' ? personId : trunk;
  }

  const covers = (cap: TollCap, numberClass: string) => cap.classes.length === 0 || cap.classes.includes(numberClass);

  function used(cap: TollCap, subject: string, now: number): Record<TollUnit, number> {
    const from = now - windowMs[cap.window];
    const sum = { calls: 0, minutes: 0, cost: 0 };
    for (const use of uses.values()) {
      if (!covers(cap, use.numberClass) || subjectOf(cap, use) !== subject) continue;
      if (use.dialledAt > from) sum.calls += 1;
      const minutes = minutesWithin(use, from, now);
      sum.minutes += minutes;
      sum.cost += minutes * (rates[use.numberClass] ?? 0);
    }
    return sum;
  }

  function stands(call: Parameters<TollBook['refusing']>[0], now: number): TollStand[] {
    forget(now);
    return caps.flatMap((cap) => {
      const subject = covers(cap, call.numberClass) ? subjectOf(cap, call) : null;
      if (subject === null) return [];
      const sum = used(cap, subject, now);
      return units.flatMap((unit) => {
        const limit = cap[unit];
        return limit === undefined ? [] : [{ cap, subject, unit, used: sum[unit], limit }];
      });
    });
  }

  return {
    dialled(use) {
      if (!uses.has(use.legId)) uses.set(use.legId, { ...use });
    },
    answered(legId, trunk, at) {
      const use = uses.get(legId);
      if (use) Object.assign(use, { trunk, answeredAt: use.answeredAt ?? at });
    },
    ended(legId, at) {
      const use = uses.get(legId);
      if (use) use.endedAt ??= at;
    },
    callEnded(callId, at) {
      for (const use of uses.values()) if (use.callId === callId) use.endedAt ??= at;
    },
    refusing: (call, now) => stands(call, now).find(({ used, limit }) => used >= limit),
    alarming: (call, now) =>
      stands(call, now).filter(({ cap, used, limit }) => used >= (limit * cap.alarmPercent) / 100),
    costOf(legId, now) {
      const use = uses.get(legId);
      if (!use) return undefined;
      const minutes = minutesWithin(use, 0, now);
      return { minutes, cost: minutes * (rates[use.numberClass] ?? 0) };
    },
  };
}
