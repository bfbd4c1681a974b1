// What a benchmark says: a figure with its repeats and their median, or why there is none. Never a number from a load that
// was not carried as intended (preflight.ts).

export interface Figure {
  /** What was measured, such as 'UAS, 100 calls/s: server CPU per call'. */
  name: string;
  unit: string;
  /** The median of `repeats`; null when not measured. */
  value: number | null;
  repeats: number[];
  /** Why it was not measured, or what to know about the number. */
  because?: string;
}

export interface BenchContext {
  repeats: number;
  /** How long each repeat carries its load. */
  seconds: number;
  /** Names of the scenarios that are wanted, where a bench has several; all of them unless given. */
  only?: readonly string[];
  say(line: string): void;
}

export interface Bench {
  name: string;
  run(context: BenchContext): Promise<Figure[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which `share` of the sorted values lie. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

export const measured = (name: string, unit: string, repeats: number[], because?: string): Figure => ({
  name,
  unit,
  value: median(repeats),
  repeats,
  ...(because === undefined ? {} : { because }),
});

export const notMeasured = (name: string, unit: string, because: string): Figure => ({
  name,
  unit,
  value: null,
  repeats: [],
  because,
});

/**
 * Collects one set of numbers per repeat. When any repeat was not valid, none of them is a figure: the reason is.
 */
export class Repeats {
  private readonly series = new Map<string, { unit: string; values: number[]; note?: string }>();
  private invalid: string | undefined;

  add(name: string, unit: string, value: number, note?: string): void {
    const series = this.series.get(name) ?? { unit, values: [], ...(note === undefined ? {} : { note }) };
    series.values.push(value);
    this.series.set(name, series);
  }

  /** What follows is refused. */
  refuse(because: string): void {
    this.invalid ??= because;
  }

  get refused(): boolean {
    return this.invalid !== undefined;
  }

  figures(fallback: { name: string; unit: string }): Figure[] {
    if (this.invalid !== undefined) return [notMeasured(fallback.name, fallback.unit, this.invalid)];
    return [...this.series].map(([name, { unit, values, note }]) => measured(name, unit, values, note));
  }
}

/**
 * Ours by theirs, from runs that took turns: the median of the ratios of each pair, so that what slows the machine down for a
 * while slows both. `aim` is the most it should be.
 */
export function ratio(name: string, ours: Figure | undefined, theirs: Figure | undefined, aim?: number): Figure {
  const missing = [ours, theirs].find((each) => each === undefined || each.value === null);
  if (missing || !ours || !theirs) return notMeasured(name, '', missing?.because ?? 'there is nothing to compare');
  const pairs = ours.repeats.map((each, i) => each / theirs.repeats[i]!).filter(Number.isFinite);
  return measured(name, 'of the peer', pairs, aim === undefined ? undefined : `the aim is at most ${aim}`);
}
