// The audit log for auditors and administrators: searched, looked through, exported; and for everybody, who looked at their data.
// Whoever looks leaves an entry, too.

import { Readable } from 'node:stream';
import type { Static } from 'typebox';

import type { Audit } from '../../../identity/audit/audit.ts';
import { exportLines } from '../../../identity/audit/export.ts';
import { signHead } from '../../../identity/audit/heads.ts';
import type { HeadSigner } from '../../../identity/audit/sign-heads.ts';
import type { AuditQuery } from '../../../store/audit/audit-log.ts';
import type { AuditRecord } from '../../../store/audit/chain.ts';
import { list } from '../../contract.ts';
import {
  AuditEntryView,
  AuditExport,
  AuditSearch,
  AuditState,
  AuditVerification,
  type auditFilter,
  OwnAuditQuery,
  OwnAuditView,
} from '../../contracts/audit.ts';
import { personOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import { createNames, type Names } from '../../trail/names.ts';

type Needs = Pick<ApiNeeds, 'clock' | 'store'> & { audit: Audit; auditHeads: HeadSigner };

const tags = ['audit'];
const defaultPage = 50;

type Filter = Partial<{ [K in keyof typeof auditFilter]: Static<(typeof auditFilter)[K]> }>;

function queryOf({ personId, keyId, concerning, targetKind, targetId, act, outcome, from, to }: Filter): AuditQuery {
  return {
    ...(personId === undefined ? {} : { personId }),
    ...(keyId === undefined ? {} : { keyId }),
    ...(concerning === undefined ? {} : { concerning }),
    ...(targetKind === undefined && targetId === undefined
      ? {}
      : { target: { ...(targetKind ? { kind: targetKind } : {}), ...(targetId ? { id: targetId } : {}) } }),
    ...(act === undefined ? {} : { acts: [act] }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to }),
  };
}

export function auditRoutes(app: App, needs: Needs): void {
  searchRoute(app, needs);
  chainRoutes(app, needs);
  exportRoute(app, needs);
  ownRoute(app, needs);
}

async function pageOf<View>(
  { store }: Needs,
  query: AuditQuery,
  { cursor, limit = defaultPage }: { cursor?: string | undefined; limit?: number | undefined },
  view: (record: AuditRecord, names: Names) => View,
): Promise<{ items: View[]; nextCursor: string | null }> {
  const after = cursor === undefined ? {} : { after: Number(cursor) };
  const records = await store.audit.search({ ...query, ...after, limit: limit + 1 });
  const shown = records.slice(0, limit);
  const names = await createNames(store, shown);
  const nextCursor = records.length > limit ? String(shown.at(-1)!.seq) : null;
  return { items: shown.map((record) => view(record, names)), nextCursor };
}

function searchRoute(app: App, needs: Needs): void {
  app.get(
    '/api/v1/audit',
    {
      config: { needs: 'audit:read' },
      schema: {
        tags,
        summary: 'Who did what',
        description: 'Every search is itself kept; its next pages are not.',
        querystring: AuditSearch,
        response: { 200: list(AuditEntryView) },
      },
    },
    async (request) => {
      const { sort = 'newest', cursor, limit, ...filter } = request.query;
      if (cursor === undefined)
        await needs.audit.write({
          ...{ act: 'audit-searched', by: actorOf(request), outcome: 'done' },
          details: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Record<
            string,
            string
          >,
        });
      return pageOf(needs, { ...queryOf(filter), oldestFirst: sort === 'oldest' }, { cursor, limit }, entryView);
    },
  );
}

function entryView(record: AuditRecord, names: Names): AuditEntryView {
  const { seq, id, at, act, outcome, target, about = [], details, hash } = record;
  const named = (personId: string) => {
    const name = names.person(personId);
    return { id: personId, ...(name === undefined ? {} : { name }) };
  };
  return {
    ...{ seq, id, at, act, outcome, hash, details },
    by: names.by(record),
    target: target ? { ...target, ...(target.kind === 'person' ? named(target.id) : {}) } : null,
    about: about.map(named),
  };
}

function chainRoutes(app: App, { store, audit, auditHeads }: Needs): void {
  app.get(
    '/api/v1/audit/state',
    {
      config: { needs: 'audit:read' },
      schema: { tags, summary: 'Whether the chain holds, as of the last look', response: { 200: AuditState } },
    },
    async () => {
      const { publicKey, lastSigned, broken } = auditHeads.state();
      const head = (await store.audit.head()) ?? null;
      const signed = lastSigned && {
        seq: lastSigned.seq,
        hash: lastSigned.hash,
        at: lastSigned.at,
        key: lastSigned.key,
      };
      return { head, publicKey, lastSigned: signed ?? null, broken: broken ?? null };
    },
  );

  app.post(
    '/api/v1/audit/verify',
    {
      config: { needs: 'audit:read', rateLimit: { max: 6, timeWindow: 60_000 } },
      schema: {
        tags,
        summary: 'Look through all of it for changes',
        description: 'Against the heads that this node signed. `engawa audit verify` does the same from outside.',
        response: { 200: AuditVerification },
      },
    },
    async (request) => {
      const { entries, first, last, headsAgreed, forgotten, problems, more } = await auditHeads.verify();
      await audit.write({
        ...{ act: 'audit-verified', by: actorOf(request), outcome: 'done' },
        details: { entries, problems: problems.length },
      });
      return { entries, first, last, headsAgreed, forgotten, problems, more };
    },
  );
}

function exportRoute(app: App, { store, clock, auditHeads }: Needs): void {
  app.post(
    '/api/v1/audit/export',
    {
      // Written before the first line leaves: trail-table.ts.
      config: { needs: 'audit:read', stepUp: true, rateLimit: { max: 6, timeWindow: 60_000 } },
      schema: {
        tags,
        summary: 'Entries as a file that verifies offline',
        description:
          'NDJSON or CSV. Entries in between that were not asked for are there as hashes. `engawa audit verify --export FILE --public-key KEY` checks it.',
        body: AuditExport,
      },
    },
    async (request, reply) => {
      const { format, purpose: _, ...filter } = request.body;
      const lines = exportLines({
        ...{ rows: store.audit, format, now: clock.now(), query: queryOf(filter) },
        seal: async (seq, hash) => {
          const [first] = await store.audit.read({ after: 0, limit: 1 });
          const { key, keys } = auditHeads.signing();
          return [...keys, signHead({ chain: first!.hash, seq, hash, at: clock.now() }, key)];
        },
      });
      const day = new Date(clock.now()).toISOString().slice(0, 10);
      return reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8')
        .header('content-disposition', `attachment; filename="engawa-audit-${day}.${format}"`)
        .send(Readable.from(lines));
    },
  );
}

function ownRoute(app: App, needs: Needs): void {
  app.get(
    '/api/v1/session/audit',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['session'],
        summary: 'Who looked at the own data, or what one did oneself',
        querystring: OwnAuditQuery,
        response: { 200: list(OwnAuditView) },
      },
    },
    async (request) => {
      const { id } = personOf(request);
      const { what = 'looked-at', cursor, limit } = request.query;
      const query: AuditQuery = what === 'did' ? { personId: id } : { concerning: id, notBy: id };
      return pageOf(needs, query, { cursor, limit }, ownView);
    },
  );
}

function ownView(record: AuditRecord, names: Names): Static<typeof OwnAuditView> {
  const { id, at, act, outcome, target, details } = record;
  return {
    ...{ id, at, act, outcome, by: names.by(record), target: target ?? null },
    ...{ purpose: details?.purpose ?? null, place: details?.place ?? null },
  };
}
