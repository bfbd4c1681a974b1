// Text in an SVG: escaped, cut to a length, and how wide it will be, about, without a font at hand.

export function escaped(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // XML 1.0 has no other control characters than these, and no halves of surrogate pairs.
      .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
  );
}

/** A full-width character counts as two. */
export function clipped(text: string, most: number): string {
  let width = 0;
  let out = '';
  for (const character of text.replace(/\s+/g, ' ').trim()) {
    width += isWide(character) ? 2 : 1;
    if (width > most) return `${out}…`;
    out += character;
  }
  return out;
}

/** In the units of the font size; wide enough for the usual sans-serif fonts. */
export function textWidth(text: string, fontSize: number): number {
  return [...text].reduce((sum, character) => sum + (isWide(character) ? 1 : 0.6), 0) * fontSize;
}

const isWide = (character: string) =>
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(character);
