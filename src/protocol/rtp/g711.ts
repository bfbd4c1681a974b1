// G.711 µ-law and A-law (ITU-T G.711, RFC 3551 §4.5.14), by table: decoding 256 entries, encoding 65,536 entries made once.
// Linear samples are 16-bit. Changing one law into the other goes code by code, without linear audio in between.

export type Law = 'PCMU' | 'PCMA';

function decodeUlaw(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + 0x84) << ((inverted & 0x70) >> 4);
  return inverted & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

function decodeAlaw(code: number): number {
  const toggled = code ^ 0x55;
  const segment = (toggled & 0x70) >> 4;
  let magnitude = ((toggled & 0x0f) << 4) + 8;
  if (segment > 0) magnitude = (magnitude + 0x100) << (segment - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

const decoded = {
  PCMU: Int16Array.from({ length: 256 }, (_, code) => decodeUlaw(code)),
  PCMA: Int16Array.from({ length: 256 }, (_, code) => decodeAlaw(code)),
} as const;

/** For each 16-bit sample the code whose value is nearest: what the decision levels of G.711 mean. */
function nearestCodes(table: Int16Array): Uint8Array {
  const order = Array.from(table.keys()).sort((a, b) => table[a]! - table[b]!);
  const out = new Uint8Array(65536);
  let at = 0;
  for (let sample = -32768; sample <= 32767; sample++) {
    while (at + 1 < 256 && Math.abs(table[order[at + 1]!]! - sample) <= Math.abs(table[order[at]!]! - sample)) at++;
    out[sample & 0xffff] = order[at]!;
  }
  return out;
}

const encoded = { PCMU: nearestCodes(decoded.PCMU), PCMA: nearestCodes(decoded.PCMA) } as const;
// Both µ-law zeros (0x7f and 0xff) decode to 0; the positive one is what silence is made of.
encoded.PCMU[0] = 0xff;

/** Code by code between the laws: the code whose value is nearest. */
const crossed = {
  PCMU: Uint8Array.from({ length: 256 }, (_, code) => encoded.PCMA[decoded.PCMU[code]! & 0xffff]!),
  PCMA: Uint8Array.from({ length: 256 }, (_, code) => encoded.PCMU[decoded.PCMA[code]! & 0xffff]!),
} as const;

/** The code of digital silence. */
export const silenceCode: Readonly<Record<Law, number>> = { PCMU: 0xff, PCMA: 0xd5 };

/** Decodes [from, to) of `codes` into `into` from `at` on; returns the number of samples. */
export function decodeG711(law: Law, codes: Uint8Array, into: Int16Array, from = 0, to = codes.length, at = 0): number {
  const table = decoded[law];
  const count = Math.min(to - from, into.length - at);
  for (let i = 0; i < count; i++) into[at + i] = table[codes[from + i]!]!;
  return Math.max(0, count);
}

/** Encodes `count` samples into `into` from `at` on; returns the number of bytes. */
export function encodeG711(law: Law, samples: Int16Array, into: Uint8Array, at = 0, count = samples.length): number {
  const table = encoded[law];
  for (let i = 0; i < count; i++) into[at + i] = table[samples[i]! & 0xffff]!;
  return count;
}

/** Turns `from` law into the other, in place, over [start, end). */
export function crossG711(from: Law, codes: Uint8Array, start = 0, end = codes.length): void {
  const table = crossed[from];
  for (let i = start; i < end; i++) codes[i] = table[codes[i]!]!;
}
