// From samples of counts to the figures of a line: loss and jitter of each direction, the round trip, R and MOS by the E-model
// (ITU-T G.107). Pure. What was counted before the first sample is not part of the measurement: a line that is only just up
// loses packets that no caller would miss.

import { estimateMos, ratingFactor } from '../../protocol/rtp/quality.ts';
import type { DirectionFigures, EnvironmentClaims, LineFigures, LineSample, MeasuredLine } from './check.ts';

const hundredth = (value: number): number => Math.round(value * 100) / 100;
const tenth = (value: number): number => Math.round(value * 10) / 10;
const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

/** Undefined: nothing that could be measured. */
export function lineFigures(
  measured: MeasuredLine | undefined,
  claimed: EnvironmentClaims['line'],
): LineFigures | undefined {
  if (!measured && !claimed) return undefined;
  const codec = measured?.codec ?? 'PCMU';
  const roundTrip = roundTripOf(measured?.samples, 'measured') ?? roundTripOf(claimed?.samples, 'claimed');
  const roundTripMs = roundTrip?.meanMs ?? null;
  const of = (samples: readonly LineSample[] | undefined) => directionOf(samples ?? [], codec, roundTripMs);
  return {
    codec,
    seconds: tenth(secondsOf(measured?.samples ?? claimed?.samples ?? [])),
    up: of(measured?.samples),
    down: of(claimed?.samples),
    roundTrip,
    candidate: claimed?.candidate ?? 'unknown',
    protocol: claimed?.protocol ?? 'unknown',
  };
}

function directionOf(
  samples: readonly LineSample[],
  codec: string,
  roundTripMs: number | null,
): DirectionFigures | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || first === last) return null;
  const packets = Math.max(0, last.packetsReceived - first.packetsReceived);
  const lost = Math.max(0, last.packetsLost - first.packetsLost);
  const lossRatio = packets + lost > 0 ? lost / (packets + lost) : 1;
  const jitters = samples.slice(1).map(({ jitterMs }) => jitterMs);
  const jitterMs = mean(jitters);
  const input = { codec, lossRatio, jitterMs, roundTripMs };
  return {
    packets,
    lost,
    lossPercent: hundredth(lossRatio * 100),
    jitterMs: tenth(jitterMs),
    worstJitterMs: tenth(Math.max(...jitters)),
    rating: tenth(ratingFactor(input)),
    mos: estimateMos(input),
  };
}

function roundTripOf(
  samples: readonly LineSample[] | undefined,
  source: 'measured' | 'claimed',
): LineFigures['roundTrip'] {
  const told = (samples ?? []).flatMap(({ roundTripMs }) => roundTripMs ?? []);
  if (told.length === 0) return null;
  return {
    meanMs: tenth(mean(told)),
    lowestMs: tenth(Math.min(...told)),
    highestMs: tenth(Math.max(...told)),
    source,
  };
}

const secondsOf = (samples: readonly LineSample[]): number =>
  ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)) / 1000;

/** The worse of both directions; undefined when not both were seen. */
export function worseOf(
  { up, down }: Pick<LineFigures, 'up' | 'down'>,
  figure: 'lossPercent' | 'jitterMs' | 'mos',
): { value: number; source: 'measured' | 'claimed' } | undefined {
  if (!up || !down) return undefined;
  const upIsWorse = figure === 'mos' ? up.mos <= down.mos : up[figure] >= down[figure];
  return upIsWorse ? { value: up[figure], source: 'measured' } : { value: down[figure], source: 'claimed' };
}
