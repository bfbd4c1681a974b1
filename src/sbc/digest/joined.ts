// drachtio-srf joins the instances of a header by commas, and challenges hold commas of their own: this takes them apart.

/** Each `Digest …` of a joined WWW-Authenticate or Authorization value. Other schemes are left out. */
export function joinedDigests(header: string | undefined): string[] {
  if (header === undefined) return [];
  const plain = header.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => quoted.replace(/./g, 'q'));
  const starts = [...plain.matchAll(/(?:^|,)\s*([A-Za-z][\w-]*)\s+(?=[\w-]+\s*=)/g)].map(
    ({ index, 0: text, 1: scheme }) => ({
      cut: index,
      at: index + text.length - text.replace(/^,?\s*/, '').length,
      digest: scheme!.toLowerCase() === 'digest',
    }),
  );
  return starts.flatMap(({ at, digest }, index) =>
    digest ? [header.slice(at, starts[index + 1]?.cut ?? header.length).trim()] : [],
  );
}
