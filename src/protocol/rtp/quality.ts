// An estimate of what a listener would say of a call, from what RTP and RTCP tell: the E-model of ITU-T G.107 with its
// default values, equipment impairment of ITU-T G.113. It is an estimate: no sound is looked at. Used for the call record, the
// agent's network display, and the check before a shift.
//
//   R = Ro − Is − Id − Ie,eff        Ro 94.77 and Is 1.41 are those of the default values: no noise in the room, nobody too loud

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

const signalToNoise = 94.77;
const simultaneous = 1.41;
/** Loudness of the echo of one's own voice at the talker, and of the echo of that at the listener (dB): TELR and WEPL. */
const talkerEchoLoudness = 65;
const weightedEchoPathLoss = 110;

/** Ie and Bpl: G.113 appendix I for G.711 with concealment; for Opus no value is standardised, taken as G.711's with FEC. */
const impairments: Readonly<Record<string, { equipment: number; lossRobustness: number }>> = {
  PCMU: { equipment: 0, lossRobustness: 25.1 },
  PCMA: { equipment: 0, lossRobustness: 25.1 },
  opus: { equipment: 0, lossRobustness: 30 },
};
const unknownCodec = { equipment: 10, lossRobustness: 10 };

/** Id of G.107 §7.4: echo at the talker, echo at the listener, and delay itself (mT 100 ms, sT 1), for a one-way delay. */
export function delayImpairment(delayMs: number): number {
  return talkerEcho(delayMs) + listenerEcho(delayMs) + absoluteDelay(delayMs);
}

/** Idte (equations 7-19 to 7-22). */
function talkerEcho(delayMs: number): number {
  const loudness =
    talkerEchoLoudness -
    40 * Math.log10((1 + delayMs / 10) / (1 + delayMs / 150)) +
    6 * Math.exp(-0.3 * delayMs * delayMs);
  const half = (signalToNoise - (80 + 2.5 * (loudness - 14))) / 2;
  return Math.max(0, (half + Math.sqrt(half * half + 100) - 1) * (1 - Math.exp(-delayMs)));
}

/** Idle (equations 7-25 and 7-26); the round trip of an echo is twice the way. */
function listenerEcho(delayMs: number): number {
  const rating = 10.5 * (weightedEchoPathLoss + 7) * (2 * delayMs + 1) ** -0.25;
  const half = (signalToNoise - rating) / 2;
  return half + Math.sqrt(half * half + 169);
}

/** Idd (equations 7-27 and 7-28). */
function absoluteDelay(delayMs: number): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/** Ie,eff (equation 7-29). */
export function lossImpairment({ codec, lossRatio, burstRatio = 1 }: Omit<QualityInput, 'jitterMs' | 'roundTripMs'>) {
  const { equipment, lossRobustness } = impairments[codec] ?? unknownCodec;
  const lossPercent = Math.min(1, Math.max(0, lossRatio)) * 100;
  return equipment + ((95 - equipment) * lossPercent) / (lossPercent / Math.max(1, burstRatio) + lossRobustness);
}

/** Transmission rating R, 0 to 93.2. */
export function ratingFactor(input: QualityInput): number {
  // One way: half the round trip, a packet, and a jitter buffer of twice the jitter.
  const delayMs = (input.roundTripMs ?? 0) / 2 + (input.ptimeMs ?? 20) + 2 * input.jitterMs;
  return ratingOf(delayMs, lossImpairment(input));
}

/** R of a one-way delay and an impairment by equipment and loss. */
export const ratingOf = (delayMs: number, equipmentImpairment: number): number =>
  Math.min(93.2, Math.max(0, signalToNoise - simultaneous - delayImpairment(delayMs) - equipmentImpairment));

/** MOS-CQE from R (G.107 annex B), 1 to 4.5. */
export function mosOfRating(rating: number): number {
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  // Below R 6.5 the polynomial dips under 1.
  return Math.max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

/** What the call record shows, to one hundredth. */
export const estimateMos = (input: QualityInput): number => Math.round(mosOfRating(ratingFactor(input)) * 100) / 100;
