// The parts of a configuration that put the whole program onto servers that run already, when the environment names them:
// drachtio-server in ENGAWA_TEST_DRACHTIO, FreeSWITCH in ENGAWA_TEST_FREESWITCH. Nothing named: nothing here, and the program uses its own parts.

import { drachtioServers } from './drachtio-servers.ts';
import { freeswitchAddress } from './freeswitch-media.ts';

export interface OnRunningServers {
  config: Record<string, unknown>;
  /** Secrets, for the program's environment. */
  environment: Record<string, string>;
}

export function onRunningServers(): OnRunningServers {
  const [sip, media] = [onDrachtio(), onFreeswitch()];
  return { config: { ...sip.config, ...media.config }, environment: { ...sip.environment, ...media.environment } };
}

function onDrachtio(): OnRunningServers {
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

function onFreeswitch(): OnRunningServers {
  if (!freeswitchAddress) return { config: {}, environment: {} };
  const { host, port, password } = freeswitchAddress;
  return {
    config: {
      media: { kind: 'freeswitch', servers: [{ host, port, password: 'env:ENGAWA_TEST_FREESWITCH_PASSWORD' }] },
    },
    environment: { ENGAWA_TEST_FREESWITCH_PASSWORD: password },
  };
}
