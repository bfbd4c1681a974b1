// The codes of problem details (RFC 9457 §3.2, a member of ours): what went wrong, for programs and for pages that say it in
// a person's language. A code once given keeps its meaning. Either the kind of the problem, or what exactly was refused.

import type { RefusalCode } from '../call/outbound/refusals.ts';

/** Also the last part of the problem's `type`. */
export type ProblemSlug =
  | 'internal'
  | 'flow-invalid'
  | 'not-found'
  | 'conflict'
  | 'forbidden'
  | 'unauthenticated'
  | 'invalid-request'
  | 'too-many-requests'
  | 'too-large'
  | 'telephony-unavailable'
  | 'storage-full'
  | 'storage-unavailable'
  | 'database-unavailable'
  | 'speech-unavailable'
  | 'shutting-down'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'too-slow'
  | 'unsupported-media-type'
  | 'unprocessable'
  | 'range-not-satisfiable'
  | 'upgrade-required'
  | 'unavailable';

/** What the API itself refuses and somebody at a desk may meet. */
export type ApiRefusal =
  | 'call-over'
  | 'unknown-alias'
  | 'aliases-only'
  | 'no-desk'
  /** At another computer; take it over, or leave it there. */
  | 'desk-open-elsewhere'
  | 'not-at-the-desk'
  | 'stale-page'
  /** Prove that it is you (POST /session/step-up), then ask again. */
  | 'step-up-needed'
  /** What was given to prove who one is, is wrong. */
  | 'proof-wrong'
  | 'password-too-short'
  | 'password-too-long'
  /** It is little more than a name that is known. */
  | 'password-name'
  /** It is on lists of stolen passwords, or nearly. */
  | 'password-known'
  /** Passkeys need a host name, and the pages are under an address. */
  | 'no-passkeys-here'
  | 'second-factor-needed'
  | 'factor-there'
  | 'no-factor'
  | 'last-factor'
  | 'invitation-over'
  /** The first one is added soon after the invitation, or in the centre. */
  | 'first-factor-over'
  | 'check-not-now'
  | 'check-running'
  | 'check-full'
  | 'check-over'
  | 'recording-open'
  /** It is heard or seen for a purpose, which must be said. */
  | 'purpose-needed'
  /** A customer's number is shown in the centre only. */
  | 'number-stays'
  /** Ask to hear it again. */
  | 'play-over'
  /** Somebody else has to do it. */
  | 'four-eyes'
  /** Prove the device, or ask for it to be let in; nothing else is answered until then. */
  | 'device-needed'
  | 'device-unknown'
  | 'device-code-wrong'
  /** Why, whom to ask and a reference are in the member `blocked`. The session is over. */
  | 'device-blocked'
  | 'desk-blocked'
  /** The browser is to forget everything. */
  | 'device-revoked'
  /** Another text is in force than the one that was shown. */
  | 'pledge-changed'
  | 'recording-gone'
  /** Somebody asked that it be kept. */
  | 'recording-held';

export type ProblemCode = ProblemSlug | ApiRefusal | RefusalCode;
