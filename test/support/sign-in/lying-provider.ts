// A single sign-on provider that lies as a test tells it to: discovery, keys, tokens and userinfo over real HTTP, with ID tokens
// (OpenID Connect Core 1.0 §2) that are right but for what the test changes.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface Lie {
  /** Members of the ID token; undefined takes one out. */
  claims?: Record<string, unknown>;
  /** `other-key`: somebody else's signature under the id of ours. `unknown-key`: under an id that is not in the key set. `none`:
   * not signed at all. `secret`: signed with the client's secret, as if the key set were it. */
  signed?: 'other-key' | 'unknown-key' | 'none' | 'secret';
  header?: Record<string, unknown>;
  /** The answer has no ID token. */
  withoutIdToken?: true;
  /** What the userinfo endpoint says. */
  userinfo?: Record<string, unknown>;
}

export async function startLyingProvider(t: Teardown, { clientSecret }: { clientSecret: string }) {
  const [ours, others] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'ours', alg: 'RS256', use: 'sig' };
  const codes: string[] = [];
  const provider = { issuer: '', nonce: '', lie: {} as Lie, codes, sign };

  const seconds = () => Math.floor(Date.now() / 1000);
  async function sign(claims: Record<string, unknown>, { signed, header }: Lie = {}): Promise<string> {
    const payload = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as JWTPayload;
    if (signed === 'none') return new UnsecuredJWT(payload).encode();
    const jwt = new SignJWT(payload);
    if (signed === 'secret')
      return jwt.setProtectedHeader({ alg: 'HS256', kid: 'ours' }).sign(new TextEncoder().encode(clientSecret));
    const key: CryptoKey = signed === undefined ? ours.privateKey : others.privateKey;
    const kid = signed === 'unknown-key' ? 'theirs' : 'ours';
    return jwt.setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(key);
  }

  const idToken = () =>
    sign(
      {
        ...{ iss: provider.issuer, aud: 'engawa', sub: 'subject-of-hanako', nonce: provider.nonce },
        ...{ iat: seconds(), exp: seconds() + 300, auth_time: seconds(), preferred_username: 'hanako' },
        ...provider.lie.claims,
      },
      provider.lie,
    );

  async function answer(path: string, body: string): Promise<object | undefined> {
    const at = (endpoint: string) => `${provider.issuer}${endpoint}`;
    if (path === '/.well-known/openid-configuration')
      return {
        ...{ issuer: provider.issuer, authorization_endpoint: at('/auth'), token_endpoint: at('/token') },
        ...{ jwks_uri: at('/keys'), userinfo_endpoint: at('/me'), response_types_supported: ['code'] },
        ...{ subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'] },
      };
    if (path === '/keys') return { keys: [jwk] };
    if (path === '/me') return provider.lie.userinfo ?? { sub: 'subject-of-hanako' };
    if (path !== '/token') return undefined;
    codes.push(new URLSearchParams(body).get('code') ?? '');
    const token = { access_token: 'at', token_type: 'Bearer', expires_in: 300 };
    return provider.lie.withoutIdToken ? token : { ...token, id_token: await idToken() };
  }

  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      void answer(new URL(request.url ?? '/', 'http://provider').pathname, body).then((found) => {
        response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? {}));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  provider.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return provider;
}
