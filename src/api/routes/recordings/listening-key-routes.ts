// The keys with which people hear recordings: registered by whoever will use one, approved by an administrator other than its owner,
// ended by either. Only public halves are here, and private ones that nobody but a passkey opens.

import { Type } from 'typebox';
import type { AuditAct } from '../../../identity/audit/audit.ts';
import { canHearSomething } from '../../../recording/playback/may-hear.ts';
import { type ListeningKeyId, newId, type PersonId } from '../../../shared/ids.ts';
import type { ListeningKey } from '../../../store/listening-keys.ts';
import { ListeningKeyView, NewListeningKey, OwnListeningKey } from '../../contracts/playback.ts';
import { HttpProblem } from '../../errors.ts';
import { may, personOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import type { PlaybackNeeds } from './playback-needs.ts';

const KeyParams = Type.Object({ keyId: Type.String({ maxLength: 64 }) });
const mostOfOnePerson = 10;

export function listeningKeyRoutes(app: App, needs: ApiNeeds & { playback: PlaybackNeeds }): void {
  const { clock, store, playback, audit } = needs;
  const keys = store.listeningKeys;
  const missing = () => new HttpProblem(404, 'There is no such key, or it has ended.');

  const viewOf = (key: ListeningKey, displayName: string): ListeningKeyView => ({
    ...{ id: key.id, personId: key.personId, displayName, name: key.name, kind: key.kind, recipient: key.recipient },
    ...{ createdAt: key.createdAt, approvedAt: key.approvedAt, endedAt: key.endedAt },
  });

  async function tell(key: ListeningKey, change: 'added' | 'approved' | 'ended', by: PersonId): Promise<void> {
    await playback.onKeysChanged();
    const { id: keyId, personId } = key;
    await store.events.append({ type: 'listening-key-changed', keyId, personId, change, by });
  }

  /** Kept before a key is approved or ended: who may open recordings is not changed unseen. */
  async function keep(request: Parameters<typeof actorOf>[0], act: AuditAct, key: ListeningKey): Promise<void> {
    const { id, personId, recipient, kind } = key;
    await audit?.write({
      act,
      by: actorOf(request),
      target: { kind: 'key', id },
      about: [personId],
      outcome: 'done',
      details: { recipient: recipient.slice(0, 80), kind },
    });
  }

  app.get(
    '/api/v1/listening-keys/own',
    {
      config: { needs: 'recordings:play' },
      schema: {
        tags: ['recordings'],
        summary: 'The own keys, with what only the own passkey opens',
        response: { 200: Type.Object({ items: Type.Array(OwnListeningKey) }) },
      },
    },
    async (request) => {
      const person = personOf(request);
      const items = (await keys.ofPerson(person.id)).map((key) => ({
        ...viewOf(key, person.displayName),
        sealedIdentity: key.sealedIdentity && Buffer.from(key.sealedIdentity).toString('base64'),
        credential: key.credential,
      }));
      return { items };
    },
  );

  app.post(
    '/api/v1/listening-keys/own',
    {
      config: { needs: 'recordings:play', stepUp: true },
      schema: {
        tags: ['recordings'],
        summary: 'Register a key of one’s own; an administrator approves it',
        body: NewListeningKey,
        response: { 201: ListeningKeyView },
      },
    },
    async (request, reply) => {
      const person = personOf(request);
      const { name, kind, recipient, sealedIdentity, credential } = request.body;
      if (!canHearSomething(playback.rules, person.role))
        throw new HttpProblem(403, 'No rule lets this person hear anything.');
      if (kind === 'file' && !playback.keyFiles) throw new HttpProblem(403, 'Key files are not used here.');
      if ((kind === 'passkey') !== (sealedIdentity !== undefined && credential !== undefined))
        throw new HttpProblem(400, 'A key under a passkey has sealedIdentity and credential; a key file has neither.');
      const problem = playback.recipientProblem(recipient);
      if (problem !== undefined) throw new HttpProblem(400, problem);
      if (playback.postQuantum !== recipient.startsWith('age1pq1'))
        throw new HttpProblem(400, 'This key is not of the kind of the company’s own: post-quantum or not.');
      const alive = (await keys.ofPerson(person.id)).filter(({ endedAt }) => endedAt === null);
      if (alive.length >= mostOfOnePerson) throw new HttpProblem(409, 'This person has ten keys: end one first.');
      const now = clock.now();
      const key: ListeningKey = {
        ...{ id: newId('listeningKey', now), personId: person.id, name: name.trim(), kind, recipient },
        sealedIdentity: sealedIdentity === undefined ? null : new Uint8Array(Buffer.from(sealedIdentity, 'base64')),
        credential: credential ?? null,
        createdAt: now,
        ...{ approvedAt: null, approvedBy: null, endedAt: null, endedBy: null },
      };
      if (!(await keys.create(key))) throw new HttpProblem(409, 'This key is registered already.');
      await keep(request, 'listening-key-added', key);
      await tell(key, 'added', person.id);
      return reply.code(201).send(viewOf(key, person.displayName));
    },
  );

  app.get(
    '/api/v1/listening-keys',
    {
      config: { needs: 'listening-keys:read' },
      schema: {
        tags: ['recordings'],
        summary: 'Keys of everybody, newest first',
        response: { 200: Type.Object({ items: Type.Array(ListeningKeyView) }) },
      },
    },
    async () => {
      const all = await keys.list();
      const people = await Promise.all([...new Set(all.map((key) => key.personId))].map((id) => store.people.byId(id)));
      const nameOf = new Map(people.flatMap((person) => (person ? [[person.id, person.displayName]] : [])));
      return { items: all.map((key) => viewOf(key, nameOf.get(key.personId) ?? key.personId)) };
    },
  );

  app.post(
    '/api/v1/listening-keys/:keyId/commands/approve',
    {
      config: { needs: 'listening-keys:change', stepUp: true },
      schema: {
        tags: ['recordings'],
        summary: 'Recordings that begin from now on are sealed to it, as far as its owner may hear them',
        params: KeyParams,
        response: { 200: ListeningKeyView },
      },
    },
    async (request) => {
      const by = personOf(request);
      const waiting = await keys.byId(request.params.keyId as ListeningKeyId);
      if (!waiting || waiting.approvedAt !== null || waiting.endedAt !== null) throw missing();
      if (waiting.personId === by.id)
        throw new HttpProblem(403, 'Nobody approves a key of their own.', { code: 'four-eyes' });
      await keep(request, 'listening-key-approved', waiting);
      const key = await keys.approve(waiting.id, { at: clock.now(), personId: by.id });
      if (!key) throw missing();
      await tell(key, 'approved', by.id);
      const owner = await store.people.byId(key.personId);
      return viewOf(key, owner?.displayName ?? key.personId);
    },
  );

  app.delete(
    '/api/v1/listening-keys/:keyId',
    {
      config: { needs: 'listening-keys:end', stepUp: true },
      schema: {
        tags: ['recordings'],
        summary: 'No recording is sealed to it any more; of those that were, rotation takes it away',
        params: KeyParams,
      },
    },
    async (request, reply) => {
      const by = personOf(request);
      const key = await keys.byId(request.params.keyId as ListeningKeyId);
      const mayEnd = request.caller && (key?.personId === by.id || may(request.caller, 'listening-keys:change'));
      if (!key || key.endedAt !== null || !mayEnd) throw missing();
      await keep(request, 'listening-key-ended', key);
      if (!(await keys.end(key.id, { at: clock.now(), personId: by.id }))) throw missing();
      await tell(key, 'ended', by.id);
      return reply.code(204).send();
    },
  );
}
