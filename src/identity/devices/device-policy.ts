// From which devices, networks and at which hours people may come in: the company's rules (config/devices.yaml) as plain data,
// and what is known of a session when they are asked. Reading is load-device-policy.ts, judging judge.ts.

import type { Place } from '../../shared/events.ts';
import type { DeviceId } from '../../shared/ids.ts';
import type { Person } from '../../store/records.ts';

export interface Words {
  ja: string;
  en: string;
}

export interface DevicePolicy {
  /** Whom to ask, for whoever is blocked. */
  contact: Words;
  /** How old a device's proof may be until it counts for nothing. */
  proofMs: number;
  proxies: readonly AccessProxySettings[];
  certificates: CertificateSettings | null;
  /** Every rule that is about a session must be fulfilled. */
  rules: readonly DeviceRule[];
}

/** An identity-aware proxy, which signs what it knows of a request (RFC 7519). */
export interface AccessProxySettings {
  name: string;
  /** The request header with its JWT, in small letters. */
  header: string;
  issuer: string;
  audiences: readonly string[];
  keys: { file: string } | { url: string };
  algorithms: readonly string[];
  /** The claim that is the login of the person; null: it names nobody we know. */
  person: string | null;
  /** The claim that is true when the screen locks by itself; dots lead into objects. */
  screenLock: string | null;
}

/** Client certificates (RFC 5246 §7.4.6, RFC 8446 §4.4.2). */
export interface CertificateSettings {
  /** PEM of who signs them: our own listener asks for one. Null: a reverse proxy does. */
  caFile: string | null;
  /** Headers of the reverse proxy, in small letters, believed from http.trustedProxies alone. */
  headers: { verified: string; fingerprint: string | null; subject: string | null } | null;
}

export interface DeviceRule {
  name: string;
  /** Said in place of our own sentence. */
  says: Words | null;
  about: {
    people?: readonly string[];
    roles?: readonly Person['role'][];
    queues?: readonly string[];
    employment?: readonly string[];
    places?: readonly Place[];
    /** The device's standing, `unknown` for none. */
    devices?: readonly DeviceStanding[];
  };
  needs: {
    devices?: readonly ('managed' | 'enrolled')[];
    networks?: readonly string[];
    /** Names of access proxies; one of them. */
    access?: readonly string[];
    certificate?: true;
    /** Major versions at least. A browser that is not named is not allowed. */
    browsers?: Readonly<Partial<Record<BrowserName, number>>>;
    /** Versions at least; 0: any. A system that is not named is not allowed. */
    systems?: Readonly<Partial<Record<SystemName, string>>>;
    /** One of these attests it. */
    screenLock?: readonly ScreenLockProof[];
    hours?: { calendar: string; open: boolean };
  };
  otherwise: Consequence;
}

/** `calls`: nothing but that calls of this class and above are not offered; null: none at all. */
export type Consequence = { kind: 'sign-in' } | { kind: 'desk' } | { kind: 'calls'; classAtLeast: string | null };

export type DeviceStanding = 'managed' | 'enrolled' | 'unknown';
export type ScreenLockProof = 'access-proxy' | 'certificate';

export const browserNames = ['chrome', 'edge', 'firefox', 'safari'] as const;
export type BrowserName = (typeof browserNames)[number];
export const systemNames = ['windows', 'macos', 'linux', 'chromeos', 'ios', 'android'] as const;
export type SystemName = (typeof systemNames)[number];

/** What is known of one session at one moment. What is absent is not proven. */
export interface Circumstances {
  person: Pick<Person, 'login' | 'role' | 'queues' | 'facts'>;
  place: Place;
  address: string;
  browser?: { name: BrowserName; major: number } | undefined;
  system?: { name: SystemName; version: string | null } | undefined;
  /** Proven within `proofMs`. */
  device?: { id: DeviceId; standing: 'managed' | 'enrolled' } | undefined;
  access?: SeenAccess | undefined;
  certificate?: SeenCertificate | undefined;
}

/** What an access proxy signed of the request. */
export interface SeenAccess {
  proxy: string;
  screenLock: boolean;
  /** By the person's claim; null when the proxy names nobody. */
  login: string | null;
  expiresAt: number;
}

export interface SeenCertificate {
  /** SHA-256, 64 hexadecimal digits in small letters. */
  fingerprint: string | null;
  subject: string | null;
}

/** One rule that is not fulfilled. */
export interface Violation {
  rule: string;
  code: ViolationCode;
  otherwise: Consequence;
  words: Words;
}

export type ViolationCode =
  | 'device'
  | 'network'
  | 'access-proxy'
  | 'certificate'
  | 'browser'
  | 'system'
  | 'screen-lock'
  | 'hours';
