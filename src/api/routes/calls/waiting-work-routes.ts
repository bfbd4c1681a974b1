// What waits for customers who did not: call backs that were promised, messages that were left. Of the messages everybody sees those that
// the rules would let this person take as a call; who has no rule to see one does not learn that it is there.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { CallCentre } from '../../../call/desk.ts';
import type { MailboxSettings } from '../../../call/voicemail/mailbox-settings.ts';
import type { CallId, RecordingId } from '../../../shared/ids.ts';
import type { Store } from '../../../store/store.ts';
import type { CallbackRow, VoicemailRow } from '../../../store/waiting-work.ts';
import { list } from '../../contract.ts';
import { CallbackView, VoicemailView } from '../../contracts/waiting-work.ts';
import { HttpProblem } from '../../errors.ts';
import { type Caller, callerOf, personOf, roleOf } from '../../guard/caller.ts';
import { coveredPage, PageQuery, page } from '../../paging.ts';
import type { App } from '../../server.ts';
import type { PolicyNeeds } from '../centre/policy-routes.ts';

interface Needs {
  store: Pick<Store, 'callbacks' | 'voicemails' | 'events'>;
  callCentre: CallCentre;
  mailboxes: readonly MailboxSettings[];
  policy?: Pick<PolicyNeeds, 'rules' | 'placeOf' | 'provenOf'>;
}

const CallParams = Type.Object({ callId: Type.String({ maxLength: 64 }) });
const RecordingParams = Type.Object({ recordingId: Type.String({ maxLength: 64 }) });

export function waitingWorkRoutes(app: App, needs: Needs): void {
  callbackRoutes(app, needs);
  voicemailRoutes(app, needs);
}

function callbackRoutes(app: App, { store, callCentre }: Needs): void {
  app.get(
    '/api/v1/callbacks',
    {
      config: { needs: 'callbacks:read' },
      schema: {
        tags: ['callbacks'],
        summary: 'Call backs that were promised, newest first',
        querystring: Type.Object({
          ...PageQuery,
          waiting: Type.Optional(Type.Boolean({ description: 'Only those that still are, or that are not any more.' })),
          queue: Type.Optional(Type.String({ maxLength: 64 })),
        }),
        response: { 200: list(CallbackView) },
      },
    },
    async (request) => {
      const { cursor, limit, waiting, queue } = request.query;
      const reach = request.server.scoped.of(request);
      return coveredPage(
        { limit, cursor, covers: reach && ((row: CallbackRow & { id: CallId }) => reach.queue(row.queue)) },
        async (size, before) => {
          const rows = await store.callbacks.list({
            ...(waiting === undefined ? {} : { waiting }),
            ...(queue === undefined ? {} : { queues: [queue] }),
            ...(before === undefined ? {} : { before: before as CallId }),
            limit: size,
          });
          return rows.map((row) => ({ ...row, id: row.callId }));
        },
        ({ id: _, skills: __, priority: ___, ...row }) => row,
      );
    },
  );

  app.delete(
    '/api/v1/callbacks/:callId',
    {
      config: { needs: 'callbacks:change' },
      schema: { tags: ['callbacks'], summary: 'Nobody is to call back any more', params: CallParams },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const personId = caller.kind === 'session' ? caller.person.id : null;
      const callId = request.params.callId as CallId;
      const noSuchCallback = () => new HttpProblem(404, 'There is no such call back, or it is over.');
      if (request.server.scoped.of(request))
        request.server.scoped.requireQueue(request, (await store.callbacks.byCall(callId))?.queue, noSuchCallback);
      const outcome = await callCentre.cancelCallback(callId, personId);
      if (outcome === 'not-found') throw noSuchCallback();
      return reply.code(204).send();
    },
  );
}

function voicemailRoutes(app: App, { store, mailboxes, policy }: Needs): void {
  const queueOf = (mailbox: string) => mailboxes.find(({ name }) => name === mailbox)?.queue;

  /** Undefined: every message there is. */
  async function visibleTo(request: FastifyRequest): Promise<((row: VoicemailRow) => boolean) | undefined> {
    const reach = request.server.scoped.of(request);
    const ruled = await allowedTo(callerOf(request));
    if (!reach) return ruled;
    return (row) => reach.queue(queueOf(row.mailbox)) && (!ruled || ruled(row));
  }

  async function allowedTo(caller: Caller): Promise<((row: VoicemailRow) => boolean) | undefined> {
    if (caller.kind !== 'session') return roleOf(caller) === 'integrator' ? undefined : () => false;
    const { person } = caller;
    if (!policy) return () => false;
    const place = await policy.placeOf(person);
    const facts = { ...person.facts, ...(await policy.provenOf?.(person)), clearance: person.clearance, place };
    return (row) => {
      const queue = queueOf(row.mailbox);
      const serves = person.role !== 'agent' || (queue !== undefined && person.queues.includes(queue));
      const call = {
        direction: 'inbound' as const,
        ...(row.reason === null ? {} : { reason: row.reason }),
        ...(row.piiClass === null ? {} : { piiClass: row.piiClass }),
        ...(queue === undefined ? {} : { queue }),
      };
      return serves && policy.rules.decide(facts, call).allowed;
    };
  }

  app.get(
    '/api/v1/voicemails',
    {
      config: { needs: 'voicemails:read' },
      schema: {
        tags: ['voicemails'],
        summary: 'Messages that were left, newest first, as far as the rules let this person have them',
        querystring: Type.Object({
          ...PageQuery,
          mailbox: Type.Optional(Type.String({ maxLength: 64 })),
          open: Type.Optional(
            Type.Boolean({ description: 'Only those that nobody has seen to, or that somebody has.' }),
          ),
        }),
        response: { 200: list(VoicemailView) },
      },
    },
    async (request) => {
      const { cursor, limit, mailbox, open } = request.query;
      const visible = await visibleTo(request);
      const listed = await page(
        limit,
        async (size) => {
          const rows = await store.voicemails.list({
            ...(mailbox === undefined ? {} : { mailboxes: [mailbox] }),
            ...(open === undefined ? {} : { open }),
            ...(cursor === undefined ? {} : { before: cursor as RecordingId }),
            limit: size,
          });
          return rows.map((row) => ({ ...row, id: row.recordingId }));
        },
        ({ id: _, ...row }) => row,
      );
      // A page may be shorter than asked for: the cursor goes by what is there, not by what this person sees.
      return { ...listed, items: visible ? listed.items.filter(visible) : listed.items };
    },
  );

  app.post(
    '/api/v1/voicemails/:recordingId/commands/done',
    {
      config: { needs: 'voicemails:change' },
      schema: { tags: ['voicemails'], summary: 'Somebody has seen to this message', params: RecordingParams },
    },
    async (request, reply) => {
      const person = personOf(request);
      const row = await store.voicemails.byRecording(request.params.recordingId as RecordingId);
      const visible = await visibleTo(request);
      if (!row || (visible && !visible(row))) throw new HttpProblem(404, 'There is no such message.');
      const { callId, recordingId, mailbox } = row;
      if (row.doneAt === null)
        await store.events.append({ type: 'voicemail-done', callId, recordingId, mailbox, personId: person.id });
      return reply.code(204).send();
    },
  );
}
