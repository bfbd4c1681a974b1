// The forms in which a telephone number could leak: plain, national, spaced, hyphenated, escaped, encoded.

/** Every trace of `canonical` (E.164 or national-only) found in `text`; empty is what tests want. */
export function numberTraces(text: string, canonical: string): string[] {
  const subscriber = canonical.replace(/^\+81/, '').replace(/^0/, '');
  const separated = [...subscriber].join('[\\s\\-.()_/]{0,2}');
  const forms: [string, RegExp][] = [
    ['digits', new RegExp(separated)],
    ['percent', new RegExp([...subscriber].map((digit) => `(?:%3${digit}|${digit})`).join(''))],
    ['full-width', new RegExp([...subscriber].map((digit) => String.fromCharCode(0xff10 + Number(digit))).join(''))],
    ['reversed', new RegExp([...subscriber].reverse().join(''))],
    ['hex', new RegExp(Buffer.from(subscriber).toString('hex'), 'i')],
  ];
  const found = forms.filter(([, form]) => form.test(text)).map(([name]) => name);
  // Base64 of the digits, at each of the three alignments: what lies inside does not depend on its neighbours.
  for (let shift = 0; shift < 3; shift++) {
    const encoded = Buffer.from('\0'.repeat(shift) + subscriber).toString('base64');
    const inner = encoded.slice(shift === 0 ? 0 : 4, Math.floor(((shift + subscriber.length) * 8) / 6) - 1);
    const urlSafe = inner.replace(/\+/g, '-').replace(/\//g, '_');
    if (text.includes(inner) || text.includes(urlSafe)) found.push(`base64+${shift}`);
  }
  return found;
}
