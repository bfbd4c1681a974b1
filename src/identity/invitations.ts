// Invitations: how a person gets to a password and a second factor without anybody else knowing them. A link with 256 random bits that
// works once and soon expires; a newer one takes the place of an older one. We keep its SHA-256.
//
// Whoever forgot the password or lost the second factor is invited again: what was there before is worth nothing from then on, and
// all sessions end.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../shared/clock.ts';
import type { PersonId } from '../shared/ids.ts';
import type { Person } from '../store/records.ts';
import type { Invitation, SignInStore } from '../store/sign-in.ts';
import type { Store } from '../store/store.ts';
import { createAttempts, type OverNodes, type Proof } from './attempts.ts';
import type { SecondFactors } from './factors/second-factors.ts';
import type { Identity } from './identity.ts';
import { hashOfSecret, newSessionToken } from './tokens.ts';

/** `token` is shown now and never again. */
export interface NewInvitation {
  id: string;
  token: string;
  expiresAt: number;
}

export type InvitationState = Pick<Invitation, 'createdAt' | 'expiresAt' | 'ended'>;

export interface Invitations {
  /** For somebody who was just added. */
  invite(personId: PersonId): Promise<NewInvitation>;
  /** For somebody who cannot come in any more: password, second factors and sessions are gone with this. */
  inviteAgain(personId: PersonId): Promise<NewInvitation>;
  /** False: there is none that could be revoked. */
  revoke(personId: PersonId): Promise<boolean>;
  /** The newest; undefined when this person was never invited. */
  of(personId: PersonId): Promise<InvitationState | undefined>;
  /** Whom this link invites. */
  open(token: string, address: string): Promise<Proof<Person>>;
  /** Sets the password; the link is used up by that. Rejects with AppError 'invalid-argument' when the password is too easy. */
  accept(token: string, password: string, address: string): Promise<Proof<Person>>;
}

export const invitationHoursDefault = 48;

/** What `engawa user` needs without a running program, too. */
export async function createInvitation(
  rows: SignInStore['invitations'],
  of: { personId: PersonId; now: number; hours: number },
): Promise<NewInvitation> {
  const { personId, now, hours } = of;
  const token = newSessionToken();
  const invitation = {
    id: `i_${randomBytes(16).toString('hex')}`,
    personId,
    tokenHash: hashOfSecret(token),
    createdAt: now,
    expiresAt: now + hours * 3_600_000,
  };
  await rows.create({ ...invitation, endedAt: null, ended: null });
  return { id: invitation.id, token, expiresAt: invitation.expiresAt };
}

/** The link: what is behind # is sent to no server and stands in no log. */
export function invitationLink(pagesUrl: string, token: string): string {
  return `${pagesUrl.replace(/\/+$/, '')}/#invitation=${token}`;
}

export function createInvitations(needs: {
  clock: Clock;
  rows: SignInStore;
  people: Pick<Store['people'], 'byId'>;
  identity: Pick<Identity, 'requireGoodPassword' | 'setPassword' | 'removePassword'>;
  factors: Pick<SecondFactors, 'removeAll'>;
  hours?: number;
  overNodes?: OverNodes | undefined;
}): Invitations {
  const { clock, rows, people, identity, factors, hours = invitationHoursDefault } = needs;
  const { attempt } = createAttempts({ clock, what: 'invitation', overNodes: needs.overNodes });
  const create = (personId: PersonId) => createInvitation(rows.invitations, { personId, now: clock.now(), hours });

  async function find(token: string): Promise<{ invitation: Invitation; person: Person } | undefined> {
    const invitation = await rows.invitations.byTokenHash(hashOfSecret(token));
    if (!invitation || invitation.ended !== null || invitation.expiresAt <= clock.now()) return undefined;
    const person = await people.byId(invitation.personId);
    return person && !person.disabled ? { invitation, person } : undefined;
  }

  return {
    invite: create,
    async inviteAgain(personId) {
      await identity.removePassword(personId);
      await factors.removeAll(personId);
      await rows.signedOn.unlink(personId);
      return create(personId);
    },
    async revoke(personId) {
      const newest = await rows.invitations.ofPerson(personId);
      return newest !== undefined && rows.invitations.end(newest.id, 'revoked', clock.now());
    },
    async of(personId) {
      const newest = await rows.invitations.ofPerson(personId);
      return newest && { createdAt: newest.createdAt, expiresAt: newest.expiresAt, ended: newest.ended };
    },
    open: (token, address) => attempt({ address }, async () => (await find(token))?.person),
    accept: (token, password, address) =>
      attempt({ address }, async () => {
        const found = await find(token);
        if (!found) return undefined;
        const { invitation, person } = found;
        // Before the link is used up: a password that is too easy is no reason for a new one.
        await identity.requireGoodPassword(person, password);
        if (!(await rows.invitations.end(invitation.id, 'accepted', clock.now()))) return undefined;
        await identity.setPassword(person.id, password);
        return people.byId(person.id);
      }),
  };
}
