// Working from home: one's own standing and pledge, which is signed here, and for those who look after people who is eligible, what is
// missing, and whose pledge ends soon.

import { Type } from 'typebox';
import type { HomeWorkStanding } from '../../../identity/home-work/home-work.ts';
import type { PersonId } from '../../../shared/ids.ts';
import { list } from '../../contract.ts';
import { HomeWorkPersonView, OwnHomeWork, PledgeTextView, SignPledge } from '../../contracts/device.ts';
import { CheckPolicy, PolicyProblems } from '../../contracts/policy.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf, personOf } from '../../guard/caller.ts';
import type { DeviceNeeds } from '../../guard/device-door.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';

type Needs = ApiNeeds & { devices: DeviceNeeds };

const tags = ['home-work'];

const standingView = ({ eligible, missing, pledge, ends, fromDay, inForce, remind }: HomeWorkStanding) => ({
  ...{ eligible, missing: [...missing], pledge, ends, from: fromDay, inForce, remind },
});

export function homeWorkRoutes(app: App, needs: Needs): void {
  ownRoutes(app, needs);
  overviewRoutes(app, needs);
}

function ownRoutes(app: App, { devices: { homeWork }, onPersonChanged = () => {} }: Needs): void {
  async function own(personId: PersonId, standing: HomeWorkStanding | undefined): Promise<OwnHomeWork> {
    const now = homeWork.inForce();
    const signed = await homeWork.signed({ id: personId });
    return {
      standing: standing ? standingView(standing) : null,
      pledge: now?.rules.pledge
        ? {
            number: now.rules.pledge.number,
            validDays: now.rules.pledge.validDays,
            texts: now.texts.map(({ language, hash, text }) => ({ language, hash, text })),
          }
        : null,
      signed: signed.map(({ number, hash, language, signedAt }) => ({ number, hash, language, signedAt })),
    };
  }

  app.get(
    '/api/v1/home-work',
    {
      config: { needs: 'signed-in' },
      schema: { tags, summary: 'May I work from home; my pledge', response: { 200: OwnHomeWork } },
    },
    async (request) => {
      const person = personOf(request);
      return own(person.id, await homeWork.of(person));
    },
  );

  app.post(
    '/api/v1/home-work/pledge',
    {
      config: { needs: 'signed-in', stepUp: true },
      schema: {
        tags,
        summary: 'Sign the pledge',
        description: '`hash` is that of the text that was shown; 409 when another one is in force by now.',
        body: SignPledge,
        response: { 201: OwnHomeWork },
      },
    },
    async (request, reply) => {
      const person = personOf(request);
      const caller = callerOf(request);
      if (caller.kind !== 'session') throw new HttpProblem(403, 'A pledge is signed by a person.');
      const outcome = await homeWork.sign({ person, session: caller.session }, request.body.hash, actorOf(request));
      if (outcome.kind === 'no-pledge') throw new HttpProblem(404, 'There is no pledge to sign.');
      if (outcome.kind === 'other-text')
        throw new HttpProblem(409, 'Another text is in force by now. Read it, then sign.', { code: 'pledge-changed' });
      void onPersonChanged(person.id);
      return reply.code(201).send(await own(person.id, await homeWork.of(person)));
    },
  );

  app.get(
    '/api/v1/home-work/pledge-texts/:hash',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags,
        summary: 'A text that was signed, as it was',
        params: Type.Object({ hash: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
        response: { 200: PledgeTextView },
      },
    },
    async (request) => {
      const text = await homeWork.text(request.params.hash);
      if (!text) throw new HttpProblem(404, 'Nobody has signed such a text.');
      const { hash, number, language } = text;
      return { hash, number, language, text: text.text };
    },
  );
}

function overviewRoutes(app: App, { devices: { homeWork, checkHomeWork } }: Needs): void {
  app.get(
    '/api/v1/home-work/people',
    {
      config: { needs: 'people:read' },
      schema: {
        tags,
        summary: 'Who may work from home, and what others are missing',
        response: { 200: list(HomeWorkPersonView) },
      },
    },
    async (request) => {
      const reach = request.server.scoped.of(request);
      const all = await homeWork.list();
      const items = all
        .filter(({ person }) => reach?.person(person) !== false)
        .map(({ person: { id, login, displayName }, standing }) => ({
          person: { id, login, displayName },
          standing: standingView(standing),
        }));
      return { items, nextCursor: null };
    },
  );

  app.post(
    '/api/v1/home-work/check',
    {
      config: { needs: 'policy:read' },
      schema: {
        tags,
        summary: 'Look for mistakes in the conditions for working from home, without putting them in force',
        body: CheckPolicy,
        response: { 200: PolicyProblems },
      },
    },
    async (request) => {
      const problems = checkHomeWork(request.body.yaml);
      return { ok: problems.every(({ severity }) => severity !== 'error'), problems };
    },
  );
}
