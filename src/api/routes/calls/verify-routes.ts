// Verification: one-time codes are made by the company's systems (website, mobile page, LINE mini-app); desks ask for a factor in
// a call. A code is in the answer that makes it and nowhere else: no Idempotency-Key here, which would keep it; a second
// request makes a second code, and the first one is replaced.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { parseAlias } from '../../../privacy/alias.ts';
import type { CallId } from '../../../shared/ids.ts';
import { list } from '../../contract.ts';
import {
  AskForVerification,
  MadeVerificationCode,
  NewVerificationCode,
  VerificationCodeView,
  VerificationFactor,
} from '../../contracts/verify.ts';
import { HttpProblem, requireOk } from '../../errors.ts';
import { callerOf, may } from '../../guard/caller.ts';
import type { ApiNeeds, VerificationNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { callOver } from './call-access.ts';
import { CallParams } from './call-routes.ts';

const defaultFactor = 'one-time-code';
const CodeParams = Type.Object({ codeId: Type.String({ maxLength: 64 }) });
const noSuchCode = () => new HttpProblem(404, 'There is no such code, or it has ended.');

export function verifyRoutes(app: App, needs: ApiNeeds): void {
  const { verification } = needs;
  if (verification) codeRoutes(app, verification);
  callRoutes(app, needs);

  app.get(
    '/api/v1/verification-factors',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['verification'],
        summary: 'What customers can be asked for in a call',
        response: { 200: list(VerificationFactor) },
      },
    },
    async () => ({
      items: (verification?.factors ?? []).map(({ name, label }) => ({ name, label })),
      nextCursor: null,
    }),
  );
}

function codeRoutes(app: App, { codes, numberOf }: VerificationNeeds): void {
  app.post(
    '/api/v1/verification-codes',
    {
      config: { needs: 'verification-codes:make' },
      schema: {
        tags: ['verification'],
        summary: 'Make a one-time code for a customer',
        description: 'Show it to the customer, who keys it in a call. It replaces the customer’s earlier one.',
        body: NewVerificationCode,
        response: { 201: MadeVerificationCode },
      },
    },
    async (request, reply) => {
      const { customer, factor = defaultFactor, lifetimeSeconds } = request.body;
      const number = customer.number === undefined ? undefined : numberOf(customer.number);
      if (customer.number !== undefined && !number)
        throw new HttpProblem(400, 'customer.number is no telephone number.');
      const alias = customer.alias === undefined ? undefined : parseAlias(customer.alias);
      if (customer.alias !== undefined && !alias) throw unknownAlias();
      if (!number && !alias && customer.key === undefined)
        throw new HttpProblem(400, 'customer needs a number, an alias or a key.');
      const made = await codes.make({
        factor,
        customer: {
          ...(number ? { number } : {}),
          ...(alias ? { alias } : {}),
          ...(customer.key === undefined ? {} : { key: customer.key }),
        },
        ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
      });
      if (made.kind === 'unknown-alias') throw unknownAlias();
      if (made.kind === 'too-many')
        throw new HttpProblem(429, 'Too many codes were made for this customer. Wait a quarter of an hour.');
      const { id, code, shown, expiresAt } = made;
      void reply.header('location', `/api/v1/verification-codes/${id}`);
      return reply.code(201).send({ id, code, shown, expiresAt });
    },
  );

  app.get(
    '/api/v1/verification-codes/:codeId',
    {
      config: { needs: 'verification-codes:make' },
      schema: {
        tags: ['verification'],
        summary: 'What became of a code',
        params: CodeParams,
        response: { 200: VerificationCodeView },
      },
    },
    async (request) => {
      const view = await codes.byId(request.params.codeId);
      if (!view) throw noSuchCode();
      return view;
    },
  );

  app.delete(
    '/api/v1/verification-codes/:codeId',
    {
      config: { needs: 'verification-codes:make' },
      schema: {
        tags: ['verification'],
        summary: 'Revoke a code',
        params: CodeParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      if (!(await codes.revoke(request.params.codeId))) throw noSuchCode();
      return reply.code(204).send(null);
    },
  );
}

const unknownAlias = () => new HttpProblem(404, 'There is no customer with this alias.', { code: 'unknown-alias' });

function callRoutes(app: App, { callCentre }: ApiNeeds): void {
  async function requireCommand(request: FastifyRequest, callId: CallId): Promise<void> {
    const caller = callerOf(request);
    const own = caller.kind === 'session' && callCentre.agentOf(callId) === caller.person.id;
    if (own && may(caller, 'calls:command-own')) return;
    if (!may(caller, 'calls:command-any')) throw callOver();
    await request.server.scoped.requireCall(request, callId, callOver);
  }

  app.post(
    '/api/v1/calls/:callId/verification',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['verification'],
        summary: 'Have the customer key the digits of a factor, in secret',
        description:
          'Answers at once. The agent stays on the line and hears a beep for each key; `call.verification` of the desk says how it goes on.',
        params: CallParams,
        body: AskForVerification,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const callId = request.params.callId as CallId;
      await requireCommand(request, callId);
      requireOk(await callCentre.verify(callId, request.body));
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/calls/:callId/verification',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['verification'],
        summary: 'Stop asking; the customer is heard again',
        params: CallParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const callId = request.params.callId as CallId;
      await requireCommand(request, callId);
      requireOk(await callCentre.cancelVerification(callId));
      return reply.code(204).send(null);
    },
  );
}
