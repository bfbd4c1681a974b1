// Passkeys: WebAuthn (Level 3) with discoverable credentials and user verification, so that one passkey is both factors: something
// one has, and a fingerprint or a PIN. Several per person, each with a name. No attestation is asked for: it would say which make
// somebody uses, and trust nothing more.
//
// Answers of browsers are checked by @simplewebauthn/server; here is what may be answered to whom, once.

import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Passkey, SignInStore } from '../../store/sign-in.ts';
import type { ChallengePurpose, Challenges } from './challenges.ts';

/** Whom passkeys are made for (WebAuthn §4): the host name of the pages, and the origins that they are served from. */
export interface RelyingParty {
  id: string;
  origin: string;
}

export interface PasskeyFactor {
  /** For `navigator.credentials.create`. */
  beginEnrolment(
    person: { id: PersonId; login: string; displayName: string },
    at: RelyingParty,
  ): Promise<CreationOptions>;
  /** Undefined: the answer is not right, or this passkey is known already. */
  enrol(personId: PersonId, name: string, answer: unknown, at: RelyingParty): Promise<Passkey | undefined>;
  /** For `navigator.credentials.get`: for anybody (undefined), or by one of this person's passkeys. */
  request(personId: PersonId | undefined, at: RelyingParty): Promise<RequestOptions>;
  /** Whose passkey has answered; undefined: nobody's, or not rightly. With `personId` only that person's count. */
  prove(personId: PersonId | undefined, answer: unknown, at: RelyingParty): Promise<PersonId | undefined>;
  ofPerson(personId: PersonId): Promise<Passkey[]>;
  rename(personId: PersonId, id: string, name: string): Promise<boolean>;
  remove(personId: PersonId, id: string): Promise<boolean>;
}

export type CreationOptions = PublicKeyCredentialCreationOptionsJSON;
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON;

export function createPasskeyFactor(needs: {
  clock: Clock;
  log: Logger;
  rows: SignInStore['passkeys'];
  challenges: Challenges;
  /** Shown by the browser. */
  name: string;
}): PasskeyFactor {
  const { clock, log, rows, challenges, name: rpName } = needs;
  const bytesOf = (challenge: string) => new Uint8Array(Buffer.from(challenge, 'base64url'));
  const listed = (passkeys: readonly Passkey[]) => passkeys.map(({ id, transports }) => ({ id, transports }));

  /** What is not right is undefined; the library throws a sentence for each thing that can be wrong. */
  async function checked<T>(check: () => Promise<T>): Promise<T | undefined> {
    try {
      return await check();
    } catch (thrown) {
      log.info({ because: asError(thrown).message }, 'an answer of a passkey was not right');
      return undefined;
    }
  }

  const expected = (purpose: ChallengePurpose, about: string, at: RelyingParty, used: string[]) => ({
    expectedChallenge: (challenge: string) => {
      used.push(challenge);
      return challenges.isGood(challenge, purpose, about);
    },
    expectedOrigin: at.origin,
    expectedRPID: at.id,
    requireUserVerification: true,
  });

  return {
    async beginEnrolment({ id, login, displayName }, at) {
      return generateRegistrationOptions({
        rpName,
        rpID: at.id,
        userName: login,
        userDisplayName: displayName,
        userID: new Uint8Array(Buffer.from(id)),
        challenge: bytesOf(challenges.issue('enrol', id)),
        attestationType: 'none',
        excludeCredentials: listed(await rows.ofPerson(id)),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
    },
    async enrol(personId, name, answer, at) {
      const used: string[] = [];
      const verified = await checked(() =>
        verifyRegistrationResponse({
          response: answer as RegistrationResponseJSON,
          ...expected('enrol', personId, at, used),
        }),
      );
      if (!verified?.verified || !(await challenges.use(used[0] ?? ''))) return undefined;
      const { credential, credentialBackedUp } = verified.registrationInfo;
      const passkey: Passkey = {
        id: credential.id,
        personId,
        name,
        publicKey: credential.publicKey,
        signCount: credential.counter,
        transports: credential.transports ?? [],
        backedUp: credentialBackedUp,
        createdAt: clock.now(),
        lastUsedAt: null,
      };
      return (await rows.add(passkey)) ? passkey : undefined;
    },
    async request(personId, at) {
      return generateAuthenticationOptions({
        rpID: at.id,
        challenge: bytesOf(challenges.issue(personId ? 'prove' : 'sign-in', personId ?? '')),
        userVerification: 'required',
        ...(personId ? { allowCredentials: listed(await rows.ofPerson(personId)) } : {}),
      });
    },
    async prove(personId, answer, at) {
      const response = answer as AuthenticationResponseJSON;
      const passkey = typeof response.id === 'string' ? await rows.byId(response.id) : undefined;
      if (!passkey || (personId !== undefined && passkey.personId !== personId)) return undefined;
      const used: string[] = [];
      const { id, publicKey, signCount: counter, transports } = passkey;
      const verified = await checked(() =>
        verifyAuthenticationResponse({
          response,
          credential: { id, publicKey: new Uint8Array(publicKey), counter, transports },
          ...expected(personId ? 'prove' : 'sign-in', personId ?? '', at, used),
        }),
      );
      if (!verified?.verified || !(await challenges.use(used[0] ?? ''))) return undefined;
      const { newCounter, credentialBackedUp } = verified.authenticationInfo;
      const counted = await rows.used(id, { signCount: newCounter, backedUp: credentialBackedUp, at: clock.now() });
      if (!counted) log.warn({ personId: passkey.personId }, 'a passkey counts backwards: there may be a copy of it');
      return counted ? passkey.personId : undefined;
    },
    ofPerson: rows.ofPerson,
    rename: rows.rename,
    remove: rows.remove,
  };
}
