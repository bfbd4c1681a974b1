// Digits in SIP INFO, in the two forms that equipment sends: application/dtmf-relay and application/dtmf (both older than
// and outside of RFC 6086, and in use everywhere). Pure.

const named: Readonly<Record<string, string>> = { '10': '*', '11': '#', '12': 'A', '13': 'B', '14': 'C', '15': 'D' };

export type InfoContent =
  | { kind: 'digit'; digit: string; durationMs: number }
  /** Understood and of no interest to us: a flash, or an empty INFO used as keep-alive. */
  | { kind: 'nothing' }
  | { kind: 'unsupported' };

export function readInfo(contentType: string | undefined, body: string | undefined): InfoContent {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  const text = body?.trim() ?? '';
  if (text === '') return { kind: 'nothing' };
  if (type === 'application/dtmf') return digit(text, undefined);
  if (type !== 'application/dtmf-relay') return { kind: 'unsupported' };
  const field = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)`, 'im').exec(text)?.[1];
  const signal = field('Signal');
  return signal === undefined ? { kind: 'unsupported' } : digit(signal, field('Duration'));
}

function digit(signal: string, duration: string | undefined): InfoContent {
  if (signal === '16' || signal.toLowerCase() === 'hf') return { kind: 'nothing' };
  const key = named[signal] ?? signal.toUpperCase();
  if (!/^[0-9*#A-D]$/.test(key)) return { kind: 'unsupported' };
  const durationMs = Number(duration ?? 160);
  return { kind: 'digit', digit: key, durationMs: Math.min(Math.max(durationMs || 160, 40), 8000) };
}
