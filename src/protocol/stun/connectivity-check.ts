// Connectivity checks of ICE as a lite agent meets them (RFC 8445 §2.5, §7.3): it is asked, answers, and is told by USE-CANDIDATE
// which way to take. Their tie-breaker is of no interest to it: it is always the controlled one.
// Pure. Whom a user name belongs to is the caller's to know.

import { decodeStun, encodeStun, type StunAddress, verifyStun, withFingerprint } from './stun-message.ts';

export interface ConnectivityCheck {
  /** Ours, the first half of USERNAME. */
  usernameFragment: string;
  nominates: boolean;
  transactionId: Buffer;
}

/** Undefined when these bytes are something else. Says nothing of who sent it: `isSignedWith` does. */
export function readCheck(bytes: Buffer): ConnectivityCheck | undefined {
  const message = decodeStun(bytes);
  if (message?.method !== 'binding' || message.class !== 'request') return undefined;
  const [usernameFragment, theirs] = message.username?.split(':') ?? [];
  if (!usernameFragment || theirs === undefined) return undefined;
  return { usernameFragment, nominates: message.useCandidate === true, transactionId: message.transactionId };
}

/** Whether who sent it has our password, which only our SDP told. */
export function isSignedWith(bytes: Buffer, password: string): boolean {
  return verifyStun(bytes, Buffer.from(password));
}

/** The success response (RFC 8445 §7.3.1.2): where it came from, signed with the same password. */
export function answerToCheck(check: ConnectivityCheck, from: StunAddress, password: string): Buffer {
  const { transactionId } = check;
  const answer = { method: 'binding', class: 'success', transactionId, mappedAddress: from } as const;
  return withFingerprint(encodeStun(answer, Buffer.from(password)));
}
