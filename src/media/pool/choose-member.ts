// Which of the media servers that may take a call gets it: one of the wanted region if there is any, of those the one whose
// load is least for its weight with this call on it, of equals the one whose turn is longest ago. Pure.

export interface Candidate {
  weight: number;
  load: number;
  region: string | undefined;
  /** Counts up; 0 for one that has had none. */
  lastTurn: number;
}

export function chooseMember<C extends Candidate>(candidates: readonly C[], region: string | undefined): C | undefined {
  const near = region === undefined ? [] : candidates.filter((each) => each.region === region);
  const share = ({ load, weight }: Candidate) => (load + 1) / weight;
  return [...(near.length > 0 ? near : candidates)].sort((a, b) => share(a) - share(b) || a.lastTurn - b.lastTurn)[0];
}
