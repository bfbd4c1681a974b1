// The SIP servers of the configuration: starts our own, or says where the drachtio-servers are. What the border needs to know.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import type { SipServerAddress } from '../sbc/border.ts';
import type { BorderOptions } from '../sbc/drachtio-border.ts';
import { createSipServer } from '../sbc/embedded/sip-server.ts';
import type { SipGuard } from '../sbc/guard/sip-guard.ts';
import { secretOf } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { AppError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';

export interface OpenedSip {
  servers: SipServerAddress[];
  /** The rest of what the border is told about them. */
  more: Pick<BorderOptions, 'accept' | 'region' | 'guard'>;
  /** Where our own server takes SIP over UDP; undefined with drachtio-server, which tells once it is connected. */
  udp: { host: string; port: number } | undefined;
  /** Our own server's control port, for other nodes; undefined unless it is opened to them. */
  control: { host: string; port: number } | undefined;
}

interface Site {
  /** What other nodes call this node's own SIP server. */
  ownName?: string;
  guard?: SipGuard | undefined;
  log: Logger;
  clock: Clock;
  closer: Closer;
}

export async function openSip({ sip }: Config, site: Site): Promise<OpenedSip> {
  if (sip.kind === 'embedded') return openEmbedded(sip, site);
  const { servers, more } = drachtioServers(sip);
  return {
    servers,
    more: { ...more, ...(site.guard ? { guard: site.guard } : {}) },
    udp: undefined,
    control: undefined,
  };
}

type Embedded = Extract<Config['sip'], { kind: 'embedded' }>;
type Drachtio = Extract<Config['sip'], { kind: 'drachtio' }>;

const pem = ({ certFile, keyFile }: { certFile: string; keyFile: string }) => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
});

async function openEmbedded(sip: Embedded, { log, clock, closer, guard, ownName = 'own' }: Site): Promise<OpenedSip> {
  const place = sip.control ? placeOf(sip.control.listen) : { host: '127.0.0.1', port: 0 };
  const secret = sip.control ? secretOf(sip.control.secret, 'sip.control.secret') : randomBytes(24).toString('hex');
  if (!isLoopback(place.host) && secret.length < 16)
    throw new AppError(
      'config-invalid',
      'sip.control.secret needs 16 characters or more: its port is open beyond loopback.',
    );
  const controlTls = sip.control?.tls;
  const server = await createSipServer({
    clock,
    log,
    control: { ...place, secret, ...(controlTls ? { tls: pem(controlTls) } : {}) },
    sip: [...sip.listen, 'ws/127.0.0.1:0'],
    ...(sip.externalAddress ? { externalAddress: sip.externalAddress } : {}),
    ...(sip.tls ? { tls: pem(sip.tls) } : {}),
    ...(guard ? { layer: { guard } } : {}),
  });
  closer.add('SIP server', () => server.close());
  const { control } = server.listening;
  const flow = server.listening.sip.find((one) => one.protocol === 'udp');
  const own = { host: anyAddress.has(control.host) ? '127.0.0.1' : control.host, port: control.port, secret };
  return {
    servers: [
      {
        name: ownName,
        ...own,
        ...(controlTls ? { tls: { ca: readFileSync(controlTls.certFile), anyName: true } } : {}),
      },
    ],
    more: guard ? { guard } : {},
    udp: flow && { host: flow.localAddress, port: flow.localPort },
    control: sip.control ? control : undefined,
  };
}

export function drachtioServers(sip: Drachtio): Pick<OpenedSip, 'servers' | 'more'> {
  const servers = sip.servers.map((server, index) => ({
    host: server.host,
    port: server.port,
    secret: secretOf(server.secret, `sip.servers[${index}].secret`),
    ...(server.name === undefined ? {} : { name: server.name }),
    ...(server.region === undefined ? {} : { region: server.region }),
    ...(server.webSocket ? { webSocket: server.webSocket } : {}),
    ...(server.tls ? { tls: server.tls.caFile ? { ca: readFileSync(server.tls.caFile) } : {} } : {}),
  }));
  const accept = sip.listen && {
    ...placeOf(sip.listen),
    ...(sip.listenTls ? { tls: pem(sip.listenTls) } : {}),
  };
  return { servers, more: { ...(accept ? { accept } : {}), ...(sip.region ? { region: sip.region } : {}) } };
}

const anyAddress = new Set(['0.0.0.0', '::', '[::]']);
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

export function placeOf(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  return { host: listen.slice(0, colon), port: Number(listen.slice(colon + 1)) };
}
