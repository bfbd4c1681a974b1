// Bytes without Node's Buffer, for what also runs in a browser. Pure.

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** Where the ASCII text `wanted` begins at or after `from`; -1 when it does not. */
export function indexOfText(bytes: Uint8Array, wanted: string, from = 0): number {
  const first = wanted.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted.charCodeAt(same)) same++;
    if (same === wanted.length) return at;
  }
  return -1;
}

/** True when the bytes begin with this ASCII text. */
export function beginsWithText(bytes: Uint8Array, wanted: string): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[at] !== wanted.charCodeAt(at)) return false;
  return true;
}
