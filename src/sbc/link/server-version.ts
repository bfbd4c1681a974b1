// Which drachtio-server we can work with, from what it says of itself when it takes our secret. Pure.
// 0.9.0 is the first that answers malformed requests itself instead of handing them to the application, takes headers of
// 8 kB, and tells its local addresses; 0.9.10 is the one all tests have run against. Our own server says `v0.9.10-engawa`.

export const minimumVersion = [0, 9, 0] as const;

export type VersionVerdict =
  | { kind: 'ok' }
  | { kind: 'unknown'; because: string }
  | { kind: 'too-old'; because: string };

export function judgeVersion(version: string | undefined): VersionVerdict {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version ?? '');
  if (!match) {
    const said = version ? `calls itself “${version}”` : 'does not tell its version';
    return { kind: 'unknown', because: `it ${said}; ${minimumVersion.join('.')} or later is needed` };
  }
  const parts = match.slice(1, 4).map(Number);
  for (const [place, least] of minimumVersion.entries()) {
    const part = parts[place]!;
    if (part > least) return { kind: 'ok' };
    if (part < least) {
      return {
        kind: 'too-old',
        because:
          `drachtio-server ${parts.join('.')} is too old: ${minimumVersion.join('.')} or later is needed, because earlier ones ` +
          'hand malformed requests to the application and cut headers above 4 kB',
      };
    }
  }
  return { kind: 'ok' };
}

/** Our own SIP server, which understands more than the protocol has. */
export const isOurs = (version: string | undefined): boolean => version?.endsWith('-engawa') === true;
