// The API on a real database and a real identity, with people of every role, a key, and a call centre double behind it.

import { createApi } from '../../../src/api/api.ts';
import type { DeviceNeeds } from '../../../src/api/guard/device-door.ts';
import type { ApiNeeds } from '../../../src/api/needs.ts';
import type { SignInNeeds } from '../../../src/api/routes/sign-in/signing-in.ts';
import { openHelpDesk } from '../../../src/call/supervise/help-desk.ts';
import { createIdentity, type Identity, type IdentitySettings } from '../../../src/identity/identity.ts';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import { type Logger, silentLogger } from '../../../src/shared/logger.ts';
import type { Role } from '../../../src/store/records.ts';
import type { Store } from '../../../src/store/store.ts';
import { testDatabase, testStore } from '../servers/database.ts';
import { createCallCentreDouble } from './call-centre-double.ts';

interface Teardown {
  teardown(run: () => void | Promise<void>): void;
}

export const password = 'correct horse battery';
const label = (name: string) => ({ ja: `${name}（日本語）`, en: name });
const times = { ringTimeoutSeconds: 20, afterCallWorkSeconds: 30, serviceLevelSeconds: 20, shortAbandonSeconds: 5 };

export async function testApi(
  t: Teardown,
  overrides: Partial<ApiNeeds> & {
    databaseUrl?: string;
    clock?: Clock;
    log?: Logger;
    sessions?: Partial<IdentitySettings>;
    /** Devices and working from home. */
    openDevices?: (of: { store: Store; identity: Identity }) => DeviceNeeds;
    /** With second factors and all that belongs to coming in. */
    comingIn?: (of: { clock: Clock; store: Store }) => { identity: Identity; signIn: SignInNeeds };
  } = {},
) {
  const { clock = systemClock, log = silentLogger, databaseUrl, sessions, comingIn, openDevices, ...needs } = overrides;
  const store = await testStore(t, { url: databaseUrl ?? (await testDatabase(t)), clock });
  const callCentre = createCallCentreDouble({ clock });
  const parts = comingIn?.({ clock, store });
  const identity = parts?.identity ?? createIdentity({ clock, log, store, settings: sessions });
  const { events, helpRequests } = store;
  const helpDesk = await openHelpDesk({ clock, log, events, ownEvents: events, requests: helpRequests });
  t.teardown(() => helpDesk.close());
  const api = await createApi({
    clock,
    log,
    store,
    identity,
    ...(parts ? { signIn: parts.signIn } : {}),
    ...(openDevices ? { devices: openDevices({ store, identity }) } : {}),
    callCentre,
    helpDesk,
    listen: { host: '127.0.0.1', port: 0 },
    demo: false,
    company: {
      domain: 'engawa.invalid',
      numbers: [{ number: '0120000000', label: label('Free call') }],
      queues: [
        { name: 'orders', label: label('Orders'), ...times },
        { name: 'support', label: label('Support'), ...times },
      ],
      mayDialNumbers: ['supervisor'],
    },
    softphone: {
      tunnelTarget: () => ({ host: '127.0.0.1', port: 1 }),
      admit: () => () => {},
      registerExpiresSeconds: 300,
    },
    flows: { list: () => [], check: () => [] },
    trunks: () => [{ name: 'demo', up: true, because: 'OPTIONS', registered: null, activeCalls: 0 }],
    health: async () => [{ name: 'sip', ok: true }],
    recordingsFolder: '/nonexistent',
    ...needs,
  });
  t.teardown(() => api.close());

  const base = { place: 'home', clearance: 'none', language: 'ja', password } as const;
  const add = (login: string, role: Role, queues: string[] = []) =>
    identity.createPerson({ ...base, login, displayName: login, role, queues });
  const people = {
    hanako: await add('hanako', 'agent', ['orders']),
    taro: await add('taro', 'agent', ['support']),
    midori: await add('midori', 'supervisor'),
    root: await add('root-admin', 'administrator'),
  };
  const { secret: apiKey } = await identity.createApiKey({ name: 'crm', role: 'integrator' });

  /** Signs in and gives the headers of a browser that is; an administrator has proven again to be there. */
  async function signIn(login: string): Promise<{ cookie: string; 'x-csrf-token': string }> {
    const response = await api.app.inject({ method: 'POST', url: '/api/v1/session', payload: { login, password } });
    if (response.statusCode !== 200) throw new Error(`signing in: ${response.statusCode} ${response.body}`);
    const { name, value } = response.cookies[0]!;
    const headers = { cookie: `${name}=${value}`, 'x-csrf-token': response.json().csrfToken };
    if (login === 'root-admin') await stepUp(headers);
    return headers;
  }

  async function stepUp(headers: { cookie: string }): Promise<void> {
    const url = '/api/v1/session/step-up';
    const response = await api.app.inject({ method: 'POST', url, headers, payload: { password } });
    if (response.statusCode !== 200) throw new Error(`stepping up: ${response.statusCode} ${response.body}`);
  }

  return { stepUp, api, app: api.app, store, identity, callCentre, people, apiKey, bearer: `Bearer ${apiKey}`, signIn };
}
