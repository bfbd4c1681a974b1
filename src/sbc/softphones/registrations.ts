// Which softphones are registered, and who is behind which WebSocket, as data: any node can then ring a softphone that
// registered through another, over the SIP server that has its WebSocket (RFC 3261 §10, RFC 5626's flow named by data).
// The maker here keeps them in this process. A maker for many nodes shares the same rows; reading is at once in each, from
// what this node last heard.

import type { Clock, Timer } from '../../shared/clock.ts';
import { createEmitter, type Listenable } from '../../shared/emitter.ts';
import type { NodeId, PersonId, SessionId } from '../../shared/ids.ts';

export interface Registration {
  personId: PersonId;
  sessionId: SessionId;
  /** The Contact as registered: the Request-URI of what is sent to it. */
  contactUri: string;
  /** `address:port` of the WebSocket's far end, as the SIP server sees it. */
  peer: string;
  transport: 'ws' | 'wss';
  /** The SIP server that has the WebSocket; its name is the same on every node. */
  server: string;
  /** The node whose API holds the WebSocket; another one may have taken the REGISTER. */
  nodeId: NodeId;
  /** Call-ID and CSeq of the REGISTER: an older one of the same client must not undo a newer one. */
  sipCallId: string;
  cseq: number;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** A WebSocket that the API let through, before and after it registers. */
export interface Admission {
  server: string;
  peer: string;
  personId: PersonId;
  sessionId: SessionId;
  /** The node whose API holds the WebSocket. */
  nodeId: NodeId;
}

export type GoneBecause = 'expired' | 'closed' | 'signed-out' | 'replaced' | 'server-lost';

export interface RegistrationEvents {
  /** Put, by whichever node. `before` is what it replaced of the same session. */
  put: { registration: Registration; before: Registration | undefined };
  /** Gone, by whichever node. Once per registration; a refresh is not an end. */
  gone: { registration: Registration; because: GoneBecause };
}

export interface Registrations extends Listenable<RegistrationEvents> {
  /** One per person, the newest. */
  find(personId: PersonId): Registration | undefined;
  all(): Registration[];
  /**
   * Replaces what the person had; one of another session is told as gone, `replaced`. `find` gives it at once; the others have
   * it when this resolves. It goes by itself (`expired`) at `expiresAt`. Never rejects.
   */
  put(registration: Registration): Promise<void>;
  /** Does nothing unless exactly this registration (person, session, peer, server) is the present one. Never rejects. */
  remove(registration: Registration, because: GoneBecause): Promise<void>;

  /** Admissions do not expire: who put one takes it away, and it goes with its node. */
  findAdmission(server: string, peer: string): Admission | undefined;
  putAdmission(admission: Admission): Promise<void>;
  /** Does nothing when the peer has been given to somebody else since. */
  removeAdmission(admission: Admission): Promise<void>;
}

export const sameRegistration = (one: Registration, other: Registration | undefined): boolean =>
  other !== undefined &&
  one.personId === other.personId &&
  one.sessionId === other.sessionId &&
  one.peer === other.peer &&
  one.server === other.server;

const keyOf = ({ server, peer }: Pick<Admission, 'server' | 'peer'>): string => `${server} ${peer}`;

/** The maker for one node, or for several in one process. */
export function createMemoryRegistrations(clock: Clock): Registrations {
  const rows = new Map<PersonId, { registration: Registration; expiry: Timer }>();
  const admissions = new Map<string, Admission>();
  const emitter = createEmitter<RegistrationEvents>();

  function remove(registration: Registration, because: GoneBecause): void {
    const held = rows.get(registration.personId);
    if (!held || !sameRegistration(registration, held.registration)) return;
    rows.delete(registration.personId);
    held.expiry.cancel();
    emitter.emit('gone', { registration: held.registration, because });
  }

  return {
    on: emitter.on,
    once: emitter.once,
    find: (personId) => rows.get(personId)?.registration,
    all: () => [...rows.values()].map(({ registration }) => registration),
    async put(registration) {
      const held = rows.get(registration.personId);
      if (held && held.registration.sessionId !== registration.sessionId) remove(held.registration, 'replaced');
      held?.expiry.cancel();
      const expiry = clock.after(registration.expiresAt - clock.now(), () => remove(registration, 'expired'));
      rows.set(registration.personId, { registration, expiry });
      const before = held?.registration.sessionId === registration.sessionId ? held.registration : undefined;
      emitter.emit('put', { registration, before });
    },
    async remove(registration, because) {
      remove(registration, because);
    },
    findAdmission: (server, peer) => admissions.get(keyOf({ server, peer })),
    async putAdmission(admission) {
      admissions.set(keyOf(admission), admission);
    },
    async removeAdmission(admission) {
      const held = admissions.get(keyOf(admission));
      if (held?.sessionId === admission.sessionId && held.personId === admission.personId)
        admissions.delete(keyOf(admission));
    },
  };
}
