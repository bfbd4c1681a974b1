// The one way to write a value as JSON (RFC 8785, JCS): members sorted by the UTF-16 code units of their names, no spaces,
// numbers and strings as ECMAScript writes them. For what is hashed or signed. Takes I-JSON (RFC 7493) only: a number that is
// not finite, or half of a surrogate pair, is a mistake of the caller. Members that are undefined are left out.

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((inner: Json) => canonicalJson(inner)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value as { [name: string]: Json | undefined })
      .filter((member): member is [string, Json] => member[1] !== undefined)
      // The default order of sort() is that of UTF-16 code units (§3.2.3).
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, inner]) => `${canonicalJson(name)}:${canonicalJson(inner)}`).join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError('JSON has no number that is not finite');
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value))
    throw new RangeError('half of a surrogate pair cannot be written in UTF-8');
  return JSON.stringify(value);
}
