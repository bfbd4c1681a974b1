// Single sign-on at a provider of the company: OpenID Connect Core 1.0, by the authorization code with PKCE (RFC 7636), as the BCP wants
// it (RFC 9700). The interface; the maker is openid-connect.ts.

import type { SessionId } from '../../shared/ids.ts';
import type { Person } from '../../store/records.ts';

export interface SingleSignOn {
  /** For the page to sign in on. `only`: nobody signs in otherwise. */
  readonly offer: { label: { ja: string; en: string }; only: boolean };
  /**
   * Where the browser goes, and what it keeps meanwhile: sealed, good for ten minutes. `stepUp`: the person must prove to be there
   * now, whatever the provider remembers. Rejects when the provider does not answer.
   */
  begin(stepUp?: SessionId): Promise<{ url: string; kept: string }>;
  /** The browser is back, with this URL and what it kept. */
  finish(url: URL, kept: string): Promise<SignedOn>;
  /** This session began with that sign-on (`signedOn` of the outcome): it ends when the provider says so. */
  began(sessionId: SessionId, signedOn: string): Promise<void>;
  /** Where the browser goes to sign out there, too; undefined when the session did not begin there, or nothing can be ended there. */
  endUrl(sessionId: SessionId): Promise<string | undefined>;
  /** The provider says that somebody signed out (OpenID Connect Back-Channel Logout 1.0): which sessions end. Undefined: not said by it. */
  loggedOut(logoutToken: string): Promise<SessionId[] | undefined>;
}

export type SignedOn =
  | { kind: 'person'; person: Person; signedOn: string; isSecondFactor: boolean }
  | { kind: 'stepped-up'; sessionId: SessionId; person: Person }
  /** `unknown-person`: the provider knows who it is, and nobody here is that. `failed`: what came back was not right. */
  | { kind: 'refused'; because: 'unknown-person' | 'disabled' | 'denied' | 'failed' };
