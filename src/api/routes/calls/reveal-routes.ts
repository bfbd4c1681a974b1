// The number behind an alias, shown to a person of the centre. What never bends: a customer's number never reaches a home. So it is
// told only where the network of this request and of every session of this person proves the centre; a role changes nothing about
// that. It is in the audit log before it leaves, or it does not leave; it is in no event and no log.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Places } from '../../../identity/places.ts';
import { displayNumber } from '../../../privacy/number-display.ts';
import type { Alias, Vault } from '../../../privacy/vault.ts';
import type { Place } from '../../../shared/events.ts';
import type { CallId } from '../../../shared/ids.ts';
import type { Person } from '../../../store/records.ts';
import { AskToReveal, RevealedNumber, RevealView } from '../../contracts/reveal.ts';
import { HttpProblem } from '../../errors.ts';
import { personOf } from '../../guard/caller.ts';
import { type Purpose, requirePurpose } from '../../guard/purpose.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import { CallParams } from './call-routes.ts';

export interface RevealNeeds {
  roles: readonly Person['role'][];
  purposes: readonly Purpose[];
  /** How many one person may see in an hour. */
  perHour: number;
  shownSeconds: number;
  /** Whose writing of numbers people read. */
  country: string;
  recall: Vault['recall'];
  places: Places;
}

type Needs = ApiNeeds & { reveal: RevealNeeds };

const hourMs = 3_600_000;
/** Calls of a customer that are looked through for one that a limited person may see, newest first. */
const callsLookedThrough = 200;
const unknown = () => new HttpProblem(404, 'Nobody is known by this alias.', { code: 'unknown-alias' });

export function revealRoutes(app: App, needs: Needs): void {
  const { reveal, store, audit } = needs;
  const limit = createLimit(needs);

  /** The stricter of where this request comes from and where the person is with all sessions. */
  async function placeOf(request: FastifyRequest, person: Person): Promise<Place> {
    const here = reveal.places.at(request.ip, person);
    return here === 'centre' ? reveal.places.of(person) : here;
  }

  const schema = { tags: ['calls'], body: AskToReveal, response: { 200: RevealedNumber } };
  const description =
    'Only in the centre: to a person whose sessions are all in a network of `policy.sites`. Asks for a step-up and a purpose; kept in the audit log first.';

  app.get(
    '/api/v1/number-reveals',
    {
      config: { needs: 'numbers:reveal' },
      schema: {
        tags: ['calls'],
        summary: 'Whether numbers are shown here, and for what',
        response: { 200: RevealView },
      },
    },
    async (request) => {
      const person = personOf(request);
      return {
        mayReveal: reveal.roles.includes(person.role),
        place: await placeOf(request, person),
        purposes: [...reveal.purposes],
      };
    },
  );

  app.post(
    '/api/v1/calls/:callId/number-reveals',
    {
      config: { needs: 'numbers:reveal', stepUp: true },
      schema: { ...schema, summary: 'The number of the customer of a call', description, params: CallParams },
    },
    async (request) => {
      const callId = request.params.callId as CallId;
      const found = async () => {
        const record = await store.calls.byId(callId);
        const reach = app.scoped.of(request);
        return record && (!reach || (await reach.record(record))) ? (record.alias ?? undefined) : undefined;
      };
      return show(request, { kind: 'call', id: callId }, found);
    },
  );

  app.post(
    '/api/v1/customers/:alias/number-reveals',
    {
      config: { needs: 'numbers:reveal', stepUp: true },
      schema: {
        ...schema,
        ...{ summary: 'The number behind an alias', description },
        params: Type.Object({ alias: Type.String({ maxLength: 32 }) }),
      },
    },
    async (request) => {
      const { alias } = request.params;
      const reach = app.scoped.of(request);
      const found = async () => {
        if (!reach) return alias;
        const calls = await store.calls.list({ alias, limit: callsLookedThrough });
        for (const record of calls) if (await reach.record(record)) return alias;
        return undefined;
      };
      return show(request, { kind: 'alias', id: alias }, found);
    },
  );

  async function show(
    request: FastifyRequest,
    target: { kind: 'call' | 'alias'; id: string },
    findAlias: () => Promise<string | undefined>,
  ): Promise<RevealedNumber> {
    const person = personOf(request);
    const purpose = requirePurpose(reveal.purposes, request.body as { purpose: string; note?: string });
    const entry = { act: 'number-revealed' as const, by: actorOf(request), target, purpose };
    async function refuse(because: string, problem: HttpProblem): Promise<never> {
      await audit?.write({ ...entry, outcome: 'refused', details: { because } });
      throw problem;
    }

    if (!reveal.roles.includes(person.role)) return refuse('role', new HttpProblem(403));
    if ((await placeOf(request, person)) !== 'centre')
      return refuse(
        'place',
        new HttpProblem(403, 'A customer’s number is shown in the centre only.', { code: 'number-stays' }),
      );
    const alias = await findAlias();
    if (alias === undefined) return refuse('unknown', unknown());
    const number = await reveal.recall(alias as Alias);
    if (!number) return refuse('unknown', unknown());
    if (!audit) throw new HttpProblem(503, 'No number is shown while nothing can be kept of it.');
    const outcome = await limit.within(person, async () => {
      await audit.write({ ...entry, outcome: 'done', details: { alias } });
      return { alias, number: displayNumber(number, reveal.country), shownSeconds: reveal.shownSeconds };
    });
    if ('shown' in outcome) return outcome.shown;
    const headers = { 'retry-after': String(outcome.retryAfterSeconds) };
    return refuse('limit', new HttpProblem(429, 'That was enough for an hour.', { headers }));
  }
}

/** The audit log says how many there were, so a restart or another node forgets none; one question of a person at a time. */
function createLimit({ clock, store, reveal: { perHour } }: Needs) {
  const turns = createKeyedTurns();
  return {
    async within<T>(person: Person, show: () => Promise<T>): Promise<{ shown: T } | { retryAfterSeconds: number }> {
      return turns.take(person.id, async () => {
        const now = clock.now();
        const query = { personId: person.id, acts: ['number-revealed'], outcome: 'done' as const };
        const before = await store.audit.search({ ...query, fromMs: now - hourMs, limit: perHour });
        const first = before[perHour - 1];
        if (first) return { retryAfterSeconds: Math.max(1, Math.ceil((first.at + hourMs - now) / 1000)) };
        return { shown: await show() };
      });
    },
  };
}

/** Work for one key waits for that before it. */
function createKeyedTurns() {
  const last = new Map<string, Promise<unknown>>();
  return {
    take<T>(key: string, work: () => Promise<T>): Promise<T> {
      const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
      last.set(key, turn);
      const forget = () => void (last.get(key) === turn && last.delete(key));
      turn.then(forget, forget);
      return turn;
    },
  };
}
