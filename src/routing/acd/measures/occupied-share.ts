// How occupied an agent was of late: the share of ready time spent on calls and after-call work, where the past counts less the
// longer it is gone. Half an hour of not working halves it, half an hour of work halves what is missing to 1; ready time alone
// counts, so a break changes nothing. Between halvings it falls in straight lines, so that only exact arithmetic is used and
// every node comes to the same number.
//
// While agents are idle they all fall by the same factor: who is before whom does not change, and can be kept in a heap
// (`idleRank`).

export const halfLifeMs = 30 * 60_000;

/** As it was at `atMs`; what the agent has been doing since. */
export interface Occupied {
  share: number;
  atMs: number;
  doing: 'working' | 'idle' | 'away';
}

/** As log2, exact at powers of two and straight in between; and its inverse. */
function level(share: number): number {
  if (share < 2 ** -60) return Number.NEGATIVE_INFINITY;
  let exponent = 0;
  let rest = share;
  for (; rest < 1; rest *= 2) exponent -= 1;
  return exponent + rest - 1;
}

function fromLevel(at: number): number {
  if (at < -60) return 0;
  const exponent = Math.floor(at);
  let share = 1 + (at - exponent);
  for (let i = 0; i > exponent; i--) share /= 2;
  return share;
}

const halved = (share: number, elapsedMs: number) => fromLevel(level(share) - elapsedMs / halfLifeMs);

export function occupiedShare({ share, atMs, doing }: Occupied, nowMs: number): number {
  const elapsed = Math.max(0, nowMs - atMs);
  if (doing === 'away') return share;
  return doing === 'idle' ? halved(share, elapsed) : 1 - halved(1 - share, elapsed);
}

export function nowDoing(before: Occupied, doing: Occupied['doing'], nowMs: number): Occupied {
  return { share: occupiedShare(before, nowMs), atMs: nowMs, doing };
}

/** Lower is less occupied. Does not change while idle. */
export function idleRank({ share, atMs }: Occupied): number {
  return level(share) * halfLifeMs + atMs;
}
