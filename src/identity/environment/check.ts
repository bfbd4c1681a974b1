// The check before a shift: what is looked at, the raw figures, and what is made of them. Figures of this server are measured;
// whatever a browser says of itself, its machine and its network is a claim, and stays marked as one.

import type { Place } from '../../shared/events.ts';

export const checkItems = [
  'network',
  'latency',
  'jitter',
  'loss',
  'mos',
  'direct-udp',
  'relay-udp',
  'relay-tcp',
  'relay-tls',
  'microphone',
  'speaker',
  'camera',
  'browser',
  'second-display',
  'battery',
] as const;
export type CheckItem = (typeof checkItems)[number];

/** `required`: without it nobody passes. `advisory`: it is shown. `off`: it is not looked at. */
export type Weight = 'required' | 'advisory' | 'off';

export const networkKinds = [
  'company-site',
  'company-vpn',
  'mobile',
  'tethered',
  'public-wifi',
  'restricted',
  'changing',
  'other',
] as const;
/** `restricted`: lets no UDP through. `changing`: its address changed meanwhile. `other`: none of the lists; most homes. */
export type NetworkKind = (typeof networkKinds)[number];

export interface Words {
  ja: string;
  en: string;
}

export interface CheckLimits {
  /** Both ways together. */
  roundTripMs: number;
  jitterMs: number;
  /** Of the worse direction. */
  lossPercent: number;
  /** Of the worse direction, 1 to 4.5. */
  mos: number;
  /** The loudest moment, below full scale. */
  microphoneDb: number;
  batteryPercent: number;
  /** The oldest version that will do, by name of the browser. One that is not named will not do. */
  browsers: Readonly<Record<string, number>>;
  refusedNetworks: readonly NetworkKind[];
}

export interface CheckSettings {
  /** `required`: who works at one of `places` gets no call without. `off`: there is no check. */
  check: Weight;
  places: readonly Place[];
  countsForHours: number;
  staleWhenNetworkChanges: boolean;
  /** `own-telephone`: calls go to the own telephone of whoever has one. */
  whenFailed: 'not-ready' | 'own-telephone';
  items: Readonly<Record<CheckItem, Weight>>;
  limits: CheckLimits;
  networks: AddressLists;
  keepDays: number;
}

/** Addresses and networks (CIDR). */
export interface AddressLists {
  sites: readonly { name: string; networks: readonly string[] }[];
  vpn: readonly string[];
  mobile: readonly string[];
  publicWifi: readonly string[];
}

/** Counts since the line began, as RTP and RTCP tell them (RFC 3550). */
export interface LineSample {
  atMs: number;
  packetsReceived: number;
  packetsLost: number;
  jitterMs: number;
  roundTripMs: number | null;
}

/** What this server saw of the audio that the browser sent. */
export interface MeasuredLine {
  codec: string;
  samples: readonly LineSample[];
  packetsSent: number;
}

/** One way to the media servers that the browser tried. `null`: the company offers none of this kind. */
export interface ReachClaim {
  way: 'direct-udp' | 'relay-udp' | 'relay-tcp' | 'relay-tls';
  reached: boolean | null;
  afterMs: number | null;
}

/** What a browser says. Every part may be missing: not every browser knows it. */
export interface EnvironmentClaims {
  line?: {
    samples: readonly LineSample[];
    /** Of the pair of candidates in use (RFC 8445). */
    candidate: 'host' | 'srflx' | 'prflx' | 'relay' | 'unknown';
    protocol: 'udp' | 'tcp' | 'tls' | 'unknown';
  };
  /** Why there was no line. */
  lineProblem?: 'microphone' | 'not-called' | 'not-connected' | 'unreachable';
  reach: readonly ReachClaim[];
  /** NetworkInformation of the browser. */
  network?: { type?: string; effectiveType?: string; roundTripMs?: number; downlinkMbps?: number };
  microphone?: { permission: 'granted' | 'denied' | 'prompt' | 'unknown'; peakDb: number | null; muted: boolean };
  speaker?: { played: boolean; heard: boolean | null };
  camera?: { present: boolean; permission: 'granted' | 'denied' | 'prompt' | 'unknown' };
  browser: { name: string; version: number | null; system: string; systemVersion: string };
  screens?: { extended: boolean; count: number | null };
  battery?: { percent: number; charging: boolean };
}

export interface DirectionFigures {
  packets: number;
  lost: number;
  lossPercent: number;
  jitterMs: number;
  worstJitterMs: number;
  rating: number;
  mos: number;
}

export interface LineFigures {
  codec: string;
  seconds: number;
  /** From the browser to this server: measured here. */
  up: DirectionFigures | null;
  /** From this server to the browser: the browser's claim. */
  down: DirectionFigures | null;
  roundTrip: { meanMs: number; lowestMs: number; highestMs: number; source: Source } | null;
  candidate: string;
  protocol: string;
}

export type Source = 'measured' | 'claimed';

export interface NetworkJudgement {
  kind: NetworkKind;
  sureness: 'certain' | 'likely' | 'possible';
  /** What it was seen by. */
  signs: readonly string[];
  words: Words;
}

export interface JudgedItem {
  item: CheckItem;
  weight: 'required' | 'advisory';
  /** `unknown` counts against, where it is required. */
  outcome: 'good' | 'bad' | 'unknown';
  source: Source;
  value: number | string | null;
  limit: number | string | null;
  label: Words;
  words: Words;
}

export interface CheckResult {
  passed: boolean;
  items: readonly JudgedItem[];
  network: NetworkJudgement;
  line: LineFigures | null;
}
