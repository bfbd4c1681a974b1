// A single sign-on provider that is not ours: the npm package oidc-provider (certified OpenID Connect), on a port of loopback. Whoever comes
// is signed in as `next` says, without a page, in a session of the provider.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface TestProvider {
  readonly issuer: string;
  /** Who signs in next, and by what: the claims `amr` and `acr`. `account` undefined: the person is turned away. */
  next: { account: string | undefined; amr?: string[]; acr?: string };
  /** More claims of an account. */
  readonly claims: Map<string, Record<string, unknown>>;
  /** The `sid` of every session that was begun, and whose. */
  readonly begun: { sid: string; account: string }[];
  /** The prompts with which somebody was sent here. */
  readonly prompts: string[];
  /** As the provider does when somebody signs out there. */
  logOut(session: { sid: string; account: string }): Promise<void>;
}

export async function startProvider(
  t: Teardown,
  { clientSecret, publicUrl }: { clientSecret: string; publicUrl: string },
): Promise<TestProvider> {
  let handle = (_request: IncomingMessage, response: ServerResponse): unknown => response.writeHead(503).end();
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const claims: TestProvider['claims'] = new Map();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'engawa',
        client_secret: clientSecret,
        redirect_uris: [`${publicUrl}/api/v1/single-sign-on/callback`],
        post_logout_redirect_uris: [`${publicUrl}/`],
        backchannel_logout_uri: `${publicUrl}/api/v1/single-sign-on/logout`,
        backchannel_logout_session_required: true,
      },
    ],
    cookies: { keys: ['of a test'] },
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time', 'sid'],
      profile: ['preferred_username', 'name', 'locale', 'groups'],
      email: ['email', 'email_verified'],
    },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    acrValues: ['urn:example:strong'],
    pkce: { required: () => true },
    // It would not send anything to loopback by itself.
    fetch: (url, { dispatcher: _guard, ...options }: RequestInit & { dispatcher?: unknown } = {}) =>
      fetch(url, options),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: id, name: id, ...claims.get(id) }),
    }),
  });
  const test: TestProvider = {
    issuer,
    next: { account: undefined },
    claims,
    begun: [],
    prompts: [],
    async logOut({ sid, account }) {
      const client = await provider.Client.find('engawa');
      await (client as unknown as { backchannelLogout(sub: string, sid: string): Promise<void> }).backchannelLogout(
        account,
        sid,
      );
    },
  };

  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params, prompt } = await provider.interactionDetails(request, response);
    test.prompts.push(String(params['prompt'] ?? prompt.name));
    const { account, amr, acr } = test.next;
    if (account === undefined) {
      const denied = { error: 'access_denied', error_description: 'turned away' };
      return provider.interactionFinished(request, response, denied);
    }
    const grant = new provider.Grant({ accountId: account, clientId: String(params['client_id']) });
    grant.addOIDCScope('openid profile email');
    const login = { accountId: account, ...(amr ? { amr } : {}), ...(acr ? { acr } : {}) };
    const consent = { grantId: await grant.save() };
    await provider.interactionFinished(request, response, { login, consent }, { mergeWithLastSubmission: false });
  }

  provider.on('authorization.success', ({ oidc }) => {
    const { accountId, sidFor } = (oidc.session ?? {}) as { accountId?: string; sidFor?: (client: string) => string };
    const sid = sidFor?.call(oidc.session, 'engawa');
    if (accountId && sid) test.begun.push({ sid, account: accountId });
  });
  const answer = provider.callback();
  handle = (request, response) =>
    request.url?.startsWith('/interaction/')
      ? interact(request, response).catch((thrown: unknown) => response.writeHead(500).end(String(thrown)))
      : answer(request, response);
  return test;
}
