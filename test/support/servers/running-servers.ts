// The parts of a configuration that put the whole program onto servers that run already, when the environment names them:
// drachtio-server in ENGAWA_TEST_DRACHTIO, FreeSWITCH in ENGAWA_TEST_FREESWITCH=HOST:EVENT_PORT:PASSWORD. Nothing named: nothing
// here, and the program uses its own parts. A test whose configuration names a part itself keeps that.

import { drachtioServers } from '../sip/drachtio-servers.ts';

export interface OnRunningServers {
  config: Record<string, unknown>;
  /** Secrets, for the program's environment. */
  environment: Record<string, string>;
}

export function onRunningServers(): OnRunningServers {
  const [sip, media] = [drachtio(), freeswitch()];
  return {
    config: { ...sip.config, ...media.config },
    environment: { ...sip.environment, ...media.environment },
  };
}

const none: OnRunningServers = { config: {}, environment: {} };

function drachtio(): OnRunningServers {
  if (drachtioServers.length === 0) return none;
  const variable = (index: number) => `ENGAWA_TEST_DRACHTIO_SECRET_${index + 1}`;
  const servers = drachtioServers.map(({ host, port }, index) => ({ host, port, secret: `env:${variable(index)}` }));
  return {
    config: { sip: { kind: 'drachtio', servers } },
    environment: Object.fromEntries(drachtioServers.map(({ secret }, index) => [variable(index), secret])),
  };
}

function freeswitch(): OnRunningServers {
  const [host, port, ...password] = (process.env['ENGAWA_TEST_FREESWITCH'] ?? '').split(':');
  if (!host || !port) return none;
  const server = { host, port: Number(port), password: 'env:ENGAWA_TEST_FREESWITCH_PASSWORD' };
  return {
    config: { media: { kind: 'freeswitch', servers: [server] } },
    environment: { ENGAWA_TEST_FREESWITCH_PASSWORD: password.join(':') },
  };
}
