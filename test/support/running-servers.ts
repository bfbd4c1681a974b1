// The parts of a configuration that put the whole program onto servers that run already, when the environment names them:
// drachtio-server in ENGAWA_TEST_DRACHTIO. Nothing named: nothing here, and the program uses its own parts.

import { drachtioServers } from './drachtio-servers.ts';

export interface OnRunningServers {
  config: Record<string, unknown>;
  /** Secrets, for the program's environment. */
  environment: Record<string, string>;
}

export function onRunningServers(): OnRunningServers {
  if (drachtioServers.length === 0) return { config: {}, environment: {} };
  const variable = (index: number) => `ENGAWA_TEST_DRACHTIO_SECRET_${index + 1}`;
  return {
    config: {
      sip: {
        kind: 'drachtio',
        servers: drachtioServers.map(({ host, port }, index) => ({ host, port, secret: `env:${variable(index)}` })),
      },
    },
    environment: Object.fromEntries(drachtioServers.map(({ secret }, index) => [variable(index), secret])),
  };
}
