// An estimate of what a listener would say of a call, from what RTP and RTCP tell: the E-model of ITU-T G.107 with its
// default values (Ro 94.77 less Is 1.41 gives R 93.2), equipment impairment of ITU-T G.113. It is an estimate: no sound
// is looked at. Used for the call record and for the agent's network display.

export interface QualityInput {
  codec: string;
  /** Packets lost of those expected, 0 to 1; what a jitter buffer dropped counts as lost. */
  lossRatio: number;
  jitterMs: number;
  /** Null while unknown: then only the delay that we cause is counted. */
  roundTripMs: number | null;
  ptimeMs?: number;
  /** Mean length of a run of losses over what chance would give; 1 is random loss (G.107 "BurstR"). */
  burstRatio?: number;
}

/** Ie and Bpl: G.113 appendix I for G.711 with concealment; for Opus no value is standardised, taken as G.711's with FEC. */
const impairments: Readonly<Record<string, { equipment: number; lossRobustness: number }>> = {
  PCMU: { equipment: 0, lossRobustness: 25.1 },
  PCMA: { equipment: 0, lossRobustness: 25.1 },
  opus: { equipment: 0, lossRobustness: 30 },
};
const unknownCodec = { equipment: 10, lossRobustness: 10 };

/** The impairment of one-way delay, Idd of G.107 §7.4 with mT 100 ms and sT 1. */
function delayImpairment(delayMs: number): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/** Transmission rating R, 0 to 93.2. */
export function ratingFactor(input: QualityInput): number {
  const { equipment, lossRobustness } = impairments[input.codec] ?? unknownCodec;
  const lossPercent = Math.min(1, Math.max(0, input.lossRatio)) * 100;
  const burst = Math.max(1, input.burstRatio ?? 1);
  const effective = equipment + ((95 - equipment) * lossPercent) / (lossPercent / burst + lossRobustness);
  // One way: half the round trip, a packet, and a jitter buffer of twice the jitter.
  const delayMs = (input.roundTripMs ?? 0) / 2 + (input.ptimeMs ?? 20) + 2 * input.jitterMs;
  return Math.max(0, 93.2 - delayImpairment(delayMs) - effective);
}

/** MOS-CQE from R (G.107 annex B), 1 to 4.5. */
export function mosOfRating(rating: number): number {
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  // Below R 6.5 the polynomial dips under 1.
  return Math.max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

/** What the call record shows, to one hundredth. */
export const estimateMos = (input: QualityInput): number => Math.round(mosOfRating(ratingFactor(input)) * 100) / 100;
