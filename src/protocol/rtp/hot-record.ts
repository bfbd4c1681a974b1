// Numbers that are read and written for each packet of a stream, side by side in one piece of memory of 64 bytes. As fields of an
// object those that do not fit 31 bits would be boxes elsewhere, each a cache miss of its own: an engine with a hundred streams
// finds nothing of a stream in the caches when its next packet comes, 20 ms later.
// Streams that begin together share a slab; it is given back with the last of them.

const recordBytes = 64;
const recordsOfSlab = 64;

export interface HotRecord {
  /** Shared with others: ours are the sixteen words from `word` on, which are the eight doubles from `double` on. */
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  readonly word: number;
  readonly double: number;
}

let slab = new ArrayBuffer(0);
let ints = new Int32Array(slab);
let doubles = new Float64Array(slab);
let next = 0;

/** All zeros. */
export function takeHotRecord(): HotRecord {
  if (next === slab.byteLength) {
    slab = new ArrayBuffer(recordBytes * recordsOfSlab);
    ints = new Int32Array(slab);
    doubles = new Float64Array(slab);
    next = 0;
  }
  const at = next;
  next += recordBytes;
  return { ints, doubles, word: at / 4, double: at / 8 };
}
