// Proving again to be there, in a session: before what a stolen glance at an open page must not reach (`stepUp` of a route).
// Whoever has a second factor uses it; who has none gives the password again; who has neither comes by way of the provider.

import type { FastifyRequest } from 'fastify';
import type { Proof } from '../../../identity/attempts.ts';
import type { SignedIn } from '../../../identity/identity.ts';
import { noPassword } from '../../../identity/password.ts';
import { SteppedUp, StepUp, StepUpWays } from '../../contracts/sign-in.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf, stepUpLastsMs } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import { refusalOf, relyingPartyOf } from './signing-in.ts';

type Way = StepUpWays['ways'][number];

export function stepUpRoutes(app: App, needs: ApiNeeds): void {
  const { clock, identity, listen, signIn } = needs;

  async function waysOf(request: FastifyRequest, { person }: SignedIn): Promise<Way[]> {
    const enrolled = (await signIn?.factors.ways(person.id)) ?? [];
    const canPasskey = relyingPartyOf(request, listen) !== undefined;
    const strong = enrolled.filter((way) => way === 'totp' || (way === 'passkey' && canPasskey)) as Way[];
    if (enrolled.length > 0) return strong;
    if (person.passwordHash !== noPassword) return ['password'];
    return signIn?.singleSignOn ? ['single-sign-on'] : [];
  }

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
      const caller = sessionOf(request);
      const ways = await waysOf(request, caller);
      const at = relyingPartyOf(request, listen);
      const passkey = ways.includes('passkey') && at && signIn;
      return {
        ways,
        ...(passkey ? { passkeyOptions: await signIn.factors.passkeys.request(caller.person.id, at) } : {}),
        steppedUpUntil: until(caller.session.steppedUpAt),
      };
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
      const caller = sessionOf(request);
      const refused = refusalOf(await prove(request, caller, request.body));
      const target = { kind: 'session' as const, id: caller.session.id };
      const [act, outcome] = refused ? (['step-up-refused', 'refused'] as const) : (['stepped-up', 'done'] as const);
      await needs.audit?.write({ act, by: actorOf(request), target, outcome });
      if (refused) throw refused;
      const steppedUpAt = clock.now();
      await identity.changeSession(caller.session.id, { steppedUpAt });
      return { steppedUpUntil: steppedUpAt + stepUpLastsMs };
    },
  );

  async function prove(request: FastifyRequest, caller: SignedIn, body: StepUp): Promise<Proof<unknown>> {
    const { id } = caller.person;
    if (!('password' in body)) {
      const who = { personId: id, address: request.ip, at: relyingPartyOf(request, listen) };
      return signIn ? signIn.factors.prove(who, body, 'step-up') : { kind: 'wrong' };
    }
    if (!(await waysOf(request, caller)).includes('password'))
      throw new HttpProblem(409, 'A password is not enough here: use your second factor.', {
        code: 'second-factor-needed',
      });
    return identity.provePassword(id, body.password, request.ip);
  }

  function until(steppedUpAt: number | undefined): number | null {
    if (steppedUpAt === undefined || steppedUpAt + stepUpLastsMs <= clock.now()) return null;
    return steppedUpAt + stepUpLastsMs;
  }
}

function sessionOf(request: FastifyRequest): SignedIn {
  const caller = callerOf(request);
  if (caller.kind !== 'session') throw new HttpProblem(403, 'An API key has no session.');
  return caller;
}
