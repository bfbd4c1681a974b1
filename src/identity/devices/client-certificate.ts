// The certificate that a device has shown (RFC 8446 §4.4.2): to our own listener, or to a reverse proxy that says so in headers.
// Headers are believed from trusted proxies alone; whoever else sends them is not heard. Pure.

import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { CertificateSettings, SeenCertificate } from './device-policy.ts';

/** Undefined: none was shown, or none that its authority has signed. */
export function certificateOf(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  settings: CertificateSettings | null,
  fromTrustedProxy: boolean,
): SeenCertificate | undefined {
  if (!settings) return undefined;
  const shown = settings.caFile === null ? undefined : shownTo(request.socket);
  return shown ?? (settings.headers && fromTrustedProxy ? saidIn(request.headers, settings.headers) : undefined);
}

function shownTo(socket: IncomingMessage['socket']): SeenCertificate | undefined {
  const tls = socket as Partial<TLSSocket>;
  if (!tls.authorized || !tls.getPeerCertificate) return undefined;
  const { fingerprint256, subject } = tls.getPeerCertificate();
  if (!fingerprint256) return undefined;
  return { fingerprint: fingerprintOf(fingerprint256), subject: subject ? subjectText(subject) : null };
}

function saidIn(
  headers: IncomingMessage['headers'],
  names: NonNullable<CertificateSettings['headers']>,
): SeenCertificate | undefined {
  if (headers[names.verified] !== 'SUCCESS') return undefined;
  const said = (name: string | null) => {
    const value = name === null ? undefined : headers[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const fingerprint = fingerprintOf(said(names.fingerprint) ?? '');
  const subject = said(names.subject);
  return fingerprint === null && subject === null
    ? undefined
    : { fingerprint, subject: subject === null ? null : normalSubject(subject) };
}

/** 64 digits in small letters, with or without colons; null for what is none. */
export function fingerprintOf(text: string): string | null {
  const digits = text.replaceAll(':', '').trim().toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : null;
}

/** Parts in one order, as `CN=pc-17,O=Example`, however it was written (RFC 4514). */
export function normalSubject(text: string): string {
  const parts = text.startsWith('/') ? text.slice(1).split('/') : text.split(/(?<!\\),/);
  return parts
    .map((part) => part.trim())
    .filter(Boolean)
    .sort()
    .join(',');
}

function subjectText(subject: object): string {
  const parts = Object.entries(subject).flatMap(([name, value]) =>
    [value as string | string[]].flat().map((one) => `${name}=${one}`),
  );
  return normalSubject(parts.join(','));
}
