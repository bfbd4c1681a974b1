// FreeSWITCH for media-bridge.ts, through drachtio-fsmrf as an application would use it: every party is a SIP call to our SIP
// server whose application connects it to FreeSWITCH. Wants ENGAWA_BENCH_FREESWITCH=host:port:secret (the event socket), on this
// machine: its CPU is read from /proc. The profile is drachtio_mrf; recording needs mod_audio_fork.

import { createRequire } from 'node:module';
import Srf from 'drachtio-srf';
import { boundSocket, Caller } from './caller.ts';
import type { BenchEndpoint, BenchMedia } from './media-makers.ts';
import { pidListening, startChild } from './processes.ts';

export interface FreeswitchAddress {
  host: string;
  port: number;
  secret: string;
  pid: number;
}

/** Where it is, or why there is none to measure. */
export function freeswitchAddress(): FreeswitchAddress | string {
  const text = process.env['ENGAWA_BENCH_FREESWITCH'];
  if (!text) return 'ENGAWA_BENCH_FREESWITCH=host:port:secret is not set';
  const [host, port, ...secret] = text.split(':');
  const pid = Number(process.env['ENGAWA_BENCH_FREESWITCH_PID'] ?? pidListening(Number(port)));
  if (!pid) return `no process of this machine is seen listening on port ${port}; set ENGAWA_BENCH_FREESWITCH_PID`;
  return { host: host!, port: Number(port), secret: secret.join(':'), pid };
}

const secret = 'bench';
const connectLimitMs = 5000;

/** fsmrf's promise never settles when the password is wrong. */
function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`${what} took more than ${connectLimitMs} ms`)), connectLimitMs).unref();
  });
  return Promise.race([promise, late]);
}

// What is used of drachtio-fsmrf, which has no types.
interface MrfEndpoint {
  bridge(other: MrfEndpoint): Promise<void>;
  forkAudioStart(options: Record<string, unknown>): Promise<void>;
  destroy(): Promise<void>;
}
interface Connected {
  endpoint: MrfEndpoint;
}
interface MrfServer {
  connectCaller(req: Srf.SrfRequest, res: Srf.SrfResponse): Promise<Connected>;
  disconnect(): void;
}
type MrfClass = new (srf: Srf) => { connect(options: Record<string, unknown>): Promise<MrfServer> };

export async function freeswitchMedia(address: FreeswitchAddress): Promise<BenchMedia> {
  type Listening = { control: { host: string; port: number }; sip: { host: string; port: number } };
  const { child: server, ready } = await startChild<Listening>('sip-server-process.ts', { start: { secret } });
  const srf = new Srf();
  srf.connect({ ...ready.control, secret });
  await within('drachtio-srf', new Promise((resolve) => srf.once('connect', resolve)));
  const Mrf = createRequire(import.meta.url)('drachtio-fsmrf') as MrfClass;
  const mrf = new Mrf(srf);
  const own = { listenAddress: '127.0.0.1' };
  const freeswitch = await within(
    'connecting to FreeSWITCH',
    mrf.connect({ address: address.host, port: address.port, secret: address.secret, ...own }),
  );
  const waiting = new Map<string, { resolve: (connected: Connected) => void; reject: (error: unknown) => void }>();
  srf.invite((req: Srf.SrfRequest, res: Srf.SrfResponse) => {
    const caller = waiting.get(req.get('Call-ID'));
    freeswitch.connectCaller(req, res).then(
      (connected) => caller?.resolve(connected),
      (error: unknown) => caller?.reject(error),
    );
  });
  const endpoints = new Map<BenchEndpoint, MrfEndpoint>();
  const undo: (() => unknown)[] = [];

  async function connect(sdpOffer: string): Promise<BenchEndpoint> {
    const socket = await boundSocket();
    undo.push(() => socket.close());
    const caller = new Caller(socket, ready.sip, 'bench');
    const connected = new Promise<Connected>((resolve, reject) => waiting.set(caller.callId, { resolve, reject }));
    // A call that FreeSWITCH refuses is told below, by its response; nobody waits for its endpoint then.
    connected.catch(() => {});
    const final = caller.heard(/^SIP\/2\.0 [2-6]/);
    caller.send('INVITE', 1, '', sdpOffer);
    const response = await final;
    if (!response.startsWith('SIP/2.0 200')) throw new Error(`FreeSWITCH refuses: ${response.split('\r\n')[0]}`);
    caller.send('ACK', 1, /^To:.*;tag=([^;\s]+)/im.exec(response)?.[1] ?? '');
    const result: BenchEndpoint = {
      answer: response.slice(response.indexOf('\r\n\r\n') + 4),
      bridge: async (other) => {
        await (await endpointOf(result)).bridge(await endpointOf(other));
      },
      tap: async (url) => {
        const options = { wsUrl: url, mixType: 'stereo', sampling: '8000', bugname: 'bench', metadata: { call: url } };
        await (await endpointOf(result)).forkAudioStart(options);
      },
    };
    // A browser's endpoint is there only when DTLS is up, which needs the answer first.
    pending.set(result, connected);
    return result;
  }

  const pending = new Map<BenchEndpoint, Promise<Connected>>();
  async function endpointOf(each: BenchEndpoint): Promise<MrfEndpoint> {
    const known = endpoints.get(each) ?? (await within('an endpoint of FreeSWITCH', pending.get(each)!)).endpoint;
    endpoints.set(each, known);
    return known;
  }

  return {
    pid: address.pid,
    takesTrickle: false,
    connect,
    async close() {
      // Also those that nobody asked for yet: what stays behind would be measured with the next load.
      const ended = await Promise.allSettled(
        [...pending.keys()].map(async (each) => (await endpointOf(each)).destroy()),
      );
      if (ended.some(({ status }) => status === 'rejected')) process.stderr.write('calls stay behind in FreeSWITCH\n');
      freeswitch.disconnect();
      srf.disconnect();
      for (const each of undo) each();
      await server.stop();
    },
  };
}
