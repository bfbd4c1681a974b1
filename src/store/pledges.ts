// Pledges of people who work from home, as signed: each with the text that was before the eyes. Rows are added and never changed.

import type { DeviceId, PersonId, PledgeId, SessionId } from '../shared/ids.ts';

export interface PledgeText {
  /** SHA-256 of the text, hexadecimal. */
  hash: string;
  /** The company's own: `2026-1`. */
  number: string;
  language: 'ja' | 'en';
  text: string;
  keptAt: number;
}

export interface SignedPledge {
  id: PledgeId;
  personId: PersonId;
  number: string;
  hash: string;
  language: 'ja' | 'en';
  sessionId: SessionId;
  deviceId: DeviceId | null;
  signedAt: number;
}

export interface Pledges {
  keepText(text: PledgeText): Promise<void>;
  text(hash: string): Promise<PledgeText | undefined>;
  add(pledge: SignedPledge): Promise<void>;
  /** Newest first. */
  ofPerson(personId: PersonId): Promise<SignedPledge[]>;
  /** The newest of each person. */
  newest(): Promise<SignedPledge[]>;
}
