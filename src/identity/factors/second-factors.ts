// Who needs a second factor, which ones a person has, and proving and enrolling them. A passkey counts as both factors; a code of an
// authenticator app or a printed recovery code only beside the password.
//
// Tries are counted for the account and the address, each kind of occasion by itself (attempts.ts).

import { createTextSealer } from '../../privacy/seal-text.ts';
import type { Clock } from '../../shared/clock.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Person, Role, SecondFactor } from '../../store/records.ts';
import type { Passkey, SignInStore } from '../../store/sign-in.ts';
import { type Attempts, createAttempts, type OverNodes, type Proof } from '../attempts.ts';
import type { Places } from '../places.ts';
import { createChallenges } from './challenges.ts';
import { createPasskeyFactor, type PasskeyFactor, type RelyingParty } from './passkeys.ts';
import { createRecoveryCodes } from './recovery-codes.ts';
import { createTotpFactor, type TotpFactor } from './totp.ts';

export interface SecondFactorSettings {
  /** Roles that always need one. */
  roles: readonly Role[];
  /** Whoever is registered to work elsewhere than in the centre, or signs in from elsewhere, needs one. */
  outsideCentre: boolean;
  /** Nobody is made to have one; who has one uses it. */
  never: boolean;
  /**
   * How long after the invitation was accepted (the person was added, was first linked to an account of the provider) the first factor
   * may be added with the password alone. In the centre it always may. 0: no limit.
   */
  firstFactorHours: number;
}

export const secondFactorDefaults: SecondFactorSettings = {
  roles: ['supervisor', 'administrator', 'auditor'],
  outsideCentre: true,
  never: false,
  firstFactorHours: 24,
};

/**
 * `prove`: the person has one and uses it. `enrol`: one is needed, and there is none yet. `ask`: the time for adding the first one is
 * over, since whoever has the password alone could add one for ever; a new invitation is needed, or to come to the centre.
 */
export type NextStep = 'prove' | 'enrol' | 'ask';

/** What can be given to prove to be there. */
export type FactorProof = { code: string } | { recoveryCode: string } | { passkey: unknown };

export type FactorKind = 'passkey' | 'totp' | 'recovery-code';

export interface SecondFactors {
  /** What stands between the right password and a session, for this person at this address; undefined: nothing. */
  nextStep(person: Person, address: string): Promise<NextStep | undefined>;
  /** Whether a session of this person may be used from there, having begun with this factor or none. */
  suffices(person: Person, address: string, secondFactor: SecondFactor | undefined): boolean;
  /** Those that this person can use, the best first. Recovery codes only where there is another. */
  ways(personId: PersonId): Promise<FactorKind[]>;
  view(personId: PersonId): Promise<FactorsView>;
  prove(who: ProvingPerson, proof: FactorProof, occasion: Occasion): Promise<Proof<FactorKind>>;
  /** By a passkey alone: whose it is. */
  provePasskey(answer: unknown, at: RelyingParty, address: string): Promise<Proof<PersonId>>;
  readonly passkeys: Pick<PasskeyFactor, 'beginEnrolment' | 'request' | 'rename'>;
  readonly totp: Pick<TotpFactor, 'begin'>;
  /** `recoveryCodes` are there with a person's first factor: to be printed now. */
  enrolPasskey(
    personId: PersonId,
    name: string,
    answer: unknown,
    at: RelyingParty,
  ): Promise<{ passkey: Passkey; recoveryCodes?: string[] } | undefined>;
  enrolTotp(personId: PersonId, code: string, address: string): Promise<Proof<{ recoveryCodes?: string[] }>>;
  renewRecoveryCodes(personId: PersonId): Promise<string[]>;
  removePasskey(personId: PersonId, id: string): Promise<boolean>;
  removeTotp(personId: PersonId): Promise<boolean>;
  /** All of them, when they are lost. */
  removeAll(personId: PersonId): Promise<void>;
}

/** `at` is undefined where there can be no passkeys: the pages have no host name. */
export interface ProvingPerson {
  personId: PersonId;
  address: string;
  at: RelyingParty | undefined;
}

export type Occasion = 'sign-in' | 'step-up';

export interface FactorsView {
  passkeys: Passkey[];
  totpSince: number | null;
  recoveryCodesLeft: number;
}

export function createSecondFactors(needs: {
  clock: Clock;
  log: Logger;
  rows: SignInStore;
  /** A secret of the installation: challenges, codes and sealed secrets hang on it. */
  keys: { sealing: readonly Uint8Array[]; mac: Uint8Array };
  settings?: Partial<SecondFactorSettings>;
  /** Shown in authenticator apps and by browsers. */
  name: string;
  places?: Pick<Places, 'at'> | undefined;
  overNodes?: OverNodes | undefined;
}): SecondFactors {
  const { clock, log, rows, keys, places, overNodes } = needs;
  const settings = { ...secondFactorDefaults, ...needs.settings };
  const challenges = createChallenges({ clock, key: keys.mac, useOnce: rows.useOnce });
  const sealer = createTextSealer(keys.sealing, 'second factors');
  const totp = createTotpFactor({ clock, rows: rows.totp, sealer, issuer: needs.name });
  const recoveryCodes = createRecoveryCodes({ clock, rows: rows.recoveryCodes, key: keys.mac });
  const passkeys = createPasskeyFactor({ clock, log, rows: rows.passkeys, challenges, name: needs.name });
  const tries = (what: string): Attempts => createAttempts({ clock, what, overNodes });
  const occasions: Record<Occasion | 'enrol' | 'passkey', Attempts> = {
    'sign-in': tries('second-factor'),
    'step-up': tries('step-up'),
    enrol: tries('totp-enrolment'),
    passkey: tries('passkey'),
  };

  /** The stricter of where the person is registered and where the request comes from. */
  function isNeeded(person: Person, address: string): boolean {
    if (settings.never) return false;
    if (settings.roles.includes(person.role)) return true;
    return settings.outsideCentre && (person.place !== 'centre' || places?.at(address, person) !== 'centre');
  }

  async function ways(personId: PersonId): Promise<FactorKind[]> {
    const [keys, since, left] = await Promise.all([
      passkeys.ofPerson(personId),
      totp.since(personId),
      recoveryCodes.left(personId),
    ]);
    const strong: FactorKind[] = [
      ...(keys.length > 0 ? ['passkey' as const] : []),
      ...(since ? ['totp' as const] : []),
    ];
    return strong.length > 0 && left > 0 ? [...strong, 'recovery-code'] : strong;
  }

  async function mayAddFirst(person: Person, address: string): Promise<boolean> {
    if (settings.firstFactorHours === 0 || places?.at(address, person) === 'centre') return true;
    const [invitation, linkedAt = 0] = await Promise.all([
      rows.invitations.ofPerson(person.id),
      rows.signedOn.linkedAt(person.id),
    ]);
    const acceptedAt = invitation?.ended === 'accepted' ? (invitation.endedAt ?? 0) : 0;
    const since = Math.max(person.createdAt, acceptedAt, linkedAt);
    return clock.now() < since + settings.firstFactorHours * 3_600_000;
  }

  async function check(who: ProvingPerson, proof: FactorProof): Promise<FactorKind | undefined> {
    const { personId, at } = who;
    if ('code' in proof) return (await totp.prove(personId, proof.code)) ? 'totp' : undefined;
    if ('recoveryCode' in proof)
      return (await recoveryCodes.prove(personId, proof.recoveryCode)) ? 'recovery-code' : undefined;
    return at && (await passkeys.prove(personId, proof.passkey, at)) ? 'passkey' : undefined;
  }

  /** Whoever has a factor but no codes for the day when it is lost is given some. */
  async function withCodes(personId: PersonId): Promise<{ recoveryCodes?: string[] }> {
    return (await recoveryCodes.left(personId)) > 0 ? {} : { recoveryCodes: await recoveryCodes.renew(personId) };
  }

  /** Codes alone would be a second factor that runs out. */
  async function codesNeedAFactor(personId: PersonId, removed: boolean): Promise<boolean> {
    if (removed && (await ways(personId)).length === 0) await rows.recoveryCodes.replace(personId, [], clock.now());
    return removed;
  }

  return {
    async nextStep(person, address) {
      if ((await ways(person.id)).length > 0) return 'prove';
      if (!isNeeded(person, address)) return undefined;
      return (await mayAddFirst(person, address)) ? 'enrol' : 'ask';
    },
    suffices: (person, address, secondFactor) => secondFactor !== undefined || !isNeeded(person, address),
    ways,
    view: async (personId) => ({
      passkeys: await passkeys.ofPerson(personId),
      totpSince: await totp.since(personId),
      recoveryCodesLeft: await recoveryCodes.left(personId),
    }),
    prove: (who, proof, occasion) =>
      occasions[occasion].attempt({ account: who.personId, address: who.address }, () => check(who, proof)),
    provePasskey: (answer, at, address) =>
      occasions.passkey.attempt({ address }, () => passkeys.prove(undefined, answer, at)),
    passkeys,
    totp,
    async enrolPasskey(personId, name, answer, at) {
      const passkey = await passkeys.enrol(personId, name, answer, at);
      return passkey && { passkey, ...(await withCodes(personId)) };
    },
    enrolTotp: (personId, code, address) =>
      occasions.enrol.attempt({ account: personId, address }, async () =>
        (await totp.confirm(personId, code)) ? withCodes(personId) : undefined,
      ),
    renewRecoveryCodes: recoveryCodes.renew,
    removePasskey: async (personId, id) => codesNeedAFactor(personId, await passkeys.remove(personId, id)),
    removeTotp: async (personId) => codesNeedAFactor(personId, await totp.remove(personId)),
    removeAll: rows.removeFactors,
  };
}
