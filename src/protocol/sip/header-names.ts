// How header names are written (RFC 3261 §20 and the IANA registry): capitals that the general rule would get wrong, and the
// compact forms (RFC 3261 §7.3.3).

/** Compact form → long form in lower case. */
export const compactForms: Readonly<Record<string, string>> = {
  i: 'call-id',
  m: 'contact',
  e: 'content-encoding',
  l: 'content-length',
  c: 'content-type',
  f: 'from',
  s: 'subject',
  k: 'supported',
  t: 'to',
  v: 'via',
  o: 'event',
  r: 'refer-to',
  u: 'allow-events',
  x: 'session-expires',
  b: 'referred-by',
  a: 'accept-contact',
  j: 'reject-contact',
  d: 'request-disposition',
  y: 'identity',
  n: 'identity-info',
};

/** Names that are met in ordinary traffic, as they are usually written. */
export const commonNames = [
  ...['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Contact', 'Content-Length', 'Content-Type', 'Route'],
  ...[
    'Record-Route',
    'Allow',
    'Supported',
    'Require',
    'User-Agent',
    'Server',
    'Expires',
    'Min-Expires',
    'Date',
    'Event',
  ],
  ...['Allow-Events', 'Subscription-State', 'Refer-To', 'Referred-By', 'Replaces', 'Reason', 'RSeq', 'RAck', 'Subject'],
  ...['Session-Expires', 'Min-SE', 'Authorization', 'WWW-Authenticate', 'Proxy-Authorization', 'Proxy-Authenticate'],
  ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Privacy', 'P-Asserted-Identity', 'P-Preferred-Identity', 'Path'],
  ...[
    'Diversion',
    'History-Info',
    'Remote-Party-ID',
    'Retry-After',
    'Warning',
    'Timestamp',
    'Unsupported',
    'Organization',
  ],
  ...[
    'Content-Disposition',
    'Content-Encoding',
    'MIME-Version',
    'SIP-ETag',
    'SIP-If-Match',
    'P-Early-Media',
    'Call-Info',
  ],
  ...['P-Access-Network-Info', 'P-Charging-Vector', 'P-Asserted-Service', 'Geolocation', 'Service-Route', 'Identity'],
] as const;

const written = new Map(commonNames.map((name) => [name.toLowerCase(), name as string]));

/** `call-id` → `Call-ID`; an unknown name gets a capital after every hyphen. */
export function canonicalHeaderName(key: string): string {
  return (
    written.get(key) ??
    key.replace(/(^|-)([a-z])/g, (_, hyphen: string, letter: string) => hyphen + letter.toUpperCase())
  );
}
