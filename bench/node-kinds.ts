// The kinds of node that node-calls.ts measures: with the embedded SIP server and media engine; and, when the environment names both
// servers of this machine as for the other benches, on drachtio-server and FreeSWITCH, which all nodes then share.

import { freeswitchAddress } from './freeswitch-media.ts';
import { pidListening } from './processes.ts';

export interface NodeKind {
  name: string;
  /** Sections of the nodes' configuration. */
  config: Record<string, unknown>;
  /** Servers of this machine that work for the nodes. */
  servers: { name: 'drachtio-server' | 'FreeSWITCH'; pid: number }[];
  /** Where customers call all nodes, when it is not each node's own SIP server. */
  sip?: { host: string; port: number };
}

export const embeddedKind: NodeKind = { name: 'embedded', config: {}, servers: [] };

/** Or why it is not measured. */
export function serverKind(): NodeKind | string {
  const control = process.env['ENGAWA_BENCH_DRACHTIO'];
  const sip = process.env['ENGAWA_BENCH_DRACHTIO_SIP'];
  if (!control || !sip)
    return 'ENGAWA_BENCH_DRACHTIO=host:port:secret and ENGAWA_BENCH_DRACHTIO_SIP=host:port are not set';
  const freeswitch = freeswitchAddress();
  if (typeof freeswitch === 'string') return freeswitch;
  const [host = '', port = '', ...secret] = control.split(':');
  const pid = Number(process.env['ENGAWA_BENCH_DRACHTIO_PID'] ?? pidListening(Number(port)));
  if (!pid) return `no process of this machine is seen listening on port ${port}; set ENGAWA_BENCH_DRACHTIO_PID`;
  // The nodes are started with the environment of this process, and take secrets from there.
  process.env['ENGAWA_BENCH_DRACHTIO_SECRET'] = secret.join(':');
  process.env['ENGAWA_BENCH_FREESWITCH_SECRET'] = freeswitch.secret;
  const drachtio = { host, port: Number(port), secret: 'env:ENGAWA_BENCH_DRACHTIO_SECRET' };
  const media = { host: freeswitch.host, port: freeswitch.port, password: 'env:ENGAWA_BENCH_FREESWITCH_SECRET' };
  const [sipHost = '', sipPort] = sip.split(':');
  return {
    name: 'drachtio-server and FreeSWITCH',
    config: { sip: { kind: 'drachtio', servers: [drachtio] }, media: { kind: 'freeswitch', servers: [media] } },
    servers: [
      { name: 'drachtio-server', pid },
      { name: 'FreeSWITCH', pid: freeswitch.pid },
    ],
    sip: { host: sipHost, port: Number(sipPort ?? 5060) },
  };
}
