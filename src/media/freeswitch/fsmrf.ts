// What is used of drachtio-fsmrf 4.1.2, which has no types, and the limits it does not set itself.
// It makes the call to FreeSWITCH and waits for FreeSWITCH to connect back to us; everything after that goes over our own event
// socket (docs/decisions/0020). It is connected only after our own connection has succeeded: against a closed port it tries
// hundreds of times a second for ever, with a wrong password it never answers, and without the profile it throws where nobody
// can catch it.

import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type Srf from 'drachtio-srf';
import { AppError } from '../../shared/errors.ts';
import type { EventSocketAddress } from './event-socket.ts';

/** A SIP dialog of drachtio-srf. */
export interface MrfDialog {
  readonly remote: { sdp: string };
  modify(sdp: string): Promise<string>;
  destroy(): Promise<unknown>;
}

/** FreeSWITCH's connection to us for one channel. */
interface MrfConnection {
  getInfo(): { getHeader(name: string): string | undefined };
  send(command: string): void;
}

export interface MrfEndpoint {
  readonly uuid: string;
  readonly dialog: MrfDialog;
  readonly conn: MrfConnection | null;
  on(event: 'destroy', listener: () => void): void;
}

/** What createEndpoint of fsmrf waits with. */
interface PendingConnection {
  conn?: MrfConnection;
  fn?: (conn: MrfConnection) => void;
}

export interface MrfServer {
  readonly pendingConnections: Map<string, PendingConnection>;
  readonly advertisedAddress: string;
  readonly advertisedPort: number;
  /** Where the SIP profile is. */
  readonly sip: { ipv4: { udp: { address: string } } };
  disconnect(): void;
  on(event: 'end' | 'error', listener: (error?: Error) => void): void;
}

interface Mrf {
  connect(options: Record<string, unknown>): Promise<MrfServer>;
}

const connectLimitMs = 5000;

/** The promise, or a rejection when it takes longer. What comes later is handed to `late`. */
export function within<T>(what: string, limitMs: number, promise: Promise<T>, late?: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(new AppError('media-unavailable', `${what} took more than ${limitMs} ms`));
    }, limitMs);
    timer.unref();
    promise.then(
      (value) => {
        clearTimeout(timer);
        if (over) late?.(value);
        else resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

export interface MrfNeeds {
  srf: Srf;
  address: EventSocketAddress;
  profile: string;
  /** Where FreeSWITCH connects to us, and what it is told. */
  listen: { address: string; port: number; advertisedAddress?: string; advertisedPort?: number };
}

export function connectMrf({ srf, address, profile, listen }: MrfNeeds): Promise<MrfServer> {
  const MrfClass = createRequire(import.meta.url)('drachtio-fsmrf') as new (srf: Srf) => Mrf;
  const connecting = new MrfClass(srf).connect({
    address: address.host,
    port: address.port,
    secret: address.password,
    profile,
    listenAddress: listen.address,
    listenPort: listen.port,
    advertisedAddress: listen.advertisedAddress,
    advertisedPort: listen.advertisedPort,
  });
  const what = `drachtio-fsmrf's connection to ${address.host}:${address.port}`;
  return within(what, connectLimitMs, connecting, (late) => late.disconnect());
}

export interface FreeswitchCall {
  sdpOffer: string;
  headers: Record<string, string>;
  limitMs: number;
  /** No response came, not even a refusal: the SIP server may be to blame. */
  unanswered(): void;
}

type EndpointClass = new (conn: MrfConnection, dialog: MrfDialog, server: MrfServer, options: object) => MrfEndpoint;

/**
 * A call to FreeSWITCH with this offer, and FreeSWITCH's connection back to us. What fsmrf's createEndpoint does, which refuses
 * every encrypted offer; its connectCaller takes them, but only together with a caller's INVITE to answer.
 */
export async function callFreeswitch(
  srf: Srf,
  server: MrfServer,
  { sdpOffer, headers, limitMs, unanswered }: FreeswitchCall,
): Promise<MrfEndpoint> {
  const Endpoint = createRequire(import.meta.url)('drachtio-fsmrf/lib/endpoint') as EndpointClass;
  const id = randomUUID();
  const connected = new Promise<MrfConnection>((resolve) => server.pendingConnections.set(id, { fn: resolve }));
  let dialog: MrfDialog | undefined;
  try {
    const calling = srf.createUAC(`sip:engawa@${server.sip.ipv4.udp.address}`, {
      headers: {
        ...headers,
        'User-Agent': `drachtio-fsmrf:${id}`,
        'X-esl-outbound': `${server.advertisedAddress}:${server.advertisedPort}`,
      },
      localSdp: sdpOffer,
    }) as unknown as Promise<MrfDialog>;
    dialog = await within('a call to FreeSWITCH', limitMs, calling, endDialog).catch((thrown: unknown) => {
      if ((thrown as { status?: number }).status === undefined) unanswered();
      throw thrown;
    });
    const conn = await within('FreeSWITCH’s connection back to us', limitMs, connected);
    return new Endpoint(conn, dialog, server, {});
  } catch (thrown) {
    if (dialog) endDialog(dialog);
    throw thrown;
  } finally {
    server.pendingConnections.delete(id);
  }
}

/** Ends a dialog that nobody waits for; whether FreeSWITCH answers is of no concern any more. */
export function endDialog(dialog: MrfDialog): void {
  Promise.resolve(dialog.destroy()).catch(() => undefined);
}
