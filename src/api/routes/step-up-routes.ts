// Proving again to be there, in a session: before what a stolen glance at an open page must not reach (`stepUp` of a route).

import type { Proof } from '../../identity/attempts.ts';
import { actorOf } from '../audited.ts';
import { callerOf, stepUpLastsMs } from '../caller.ts';
import { HttpProblem } from '../errors.ts';
import type { ApiLimits, ApiNeeds } from '../needs.ts';
import type { App } from '../server.ts';
import { SteppedUp, StepUp, StepUpWays } from '../sign-in-contract.ts';

export function stepUpRoutes(app: App, needs: ApiNeeds & { limits: ApiLimits }): void {
  const { clock, identity } = needs;

  app.get(
    '/api/v1/session/step-up',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['session'],
        summary: 'How to prove again that it is you',
        response: { 200: StepUpWays },
      },
    },
    async (request) => {
      const { session } = sessionOf(callerOf(request));
      return { ways: ['password' as const], steppedUpUntil: until(session.steppedUpAt) };
    },
  );

  app.post(
    '/api/v1/session/step-up',
    {
      config: { needs: 'signed-in' },
      bodyLimit: 32_768,
      schema: {
        tags: ['session'],
        summary: 'Prove again that it is you',
        description:
          'Routes that answer `step-up-needed` are open for five minutes then. A wrong proof is 422 with the code `proof-wrong`.',
        body: StepUp,
        response: { 200: SteppedUp },
      },
    },
    async (request) => {
      const { session, person } = sessionOf(callerOf(request));
      const { body, ip } = request;
      const proof: Proof<unknown> =
        'password' in body ? await identity.provePassword(person.id, body.password, ip) : { kind: 'wrong' };
      const refused = refusalOf(proof);
      const act = refused === undefined ? 'stepped-up' : 'step-up-refused';
      const target = { kind: 'session' as const, id: session.id };
      await needs.audit?.write({
        act,
        by: actorOf(request),
        target,
        outcome: refused === undefined ? 'done' : 'refused',
      });
      if (refused) throw refused;
      const steppedUpAt = clock.now();
      await identity.changeSession(session.id, { steppedUpAt });
      return { steppedUpUntil: steppedUpAt + stepUpLastsMs };
    },
  );

  function until(steppedUpAt: number | undefined): number | null {
    if (steppedUpAt === undefined || steppedUpAt + stepUpLastsMs <= clock.now()) return null;
    return steppedUpAt + stepUpLastsMs;
  }
}

function sessionOf(caller: ReturnType<typeof callerOf>) {
  if (caller.kind !== 'session') throw new HttpProblem(403, 'An API key has no session.');
  return caller;
}

/** What to answer a proof that is not right; undefined when it is. */
export function refusalOf(proof: Proof<unknown>): HttpProblem | undefined {
  if (proof.kind === 'right') return undefined;
  if (proof.kind === 'wrong')
    return new HttpProblem(422, 'That is not right. Check it and try again.', { code: 'proof-wrong' });
  return new HttpProblem(429, 'Too many failed attempts. Wait and try again.', {
    headers: { 'retry-after': String(proof.retryAfterSeconds) },
  });
}
