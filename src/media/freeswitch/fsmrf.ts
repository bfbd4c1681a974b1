// What is used of drachtio-fsmrf 4.1.2, which has no types, and the limits it does not set itself.
// It makes the call to FreeSWITCH and waits for FreeSWITCH to connect back to us; everything after that goes over our own event
// socket (docs/decisions/0020). It is connected only after our own connection has succeeded: against a closed port it tries
// hundreds of times a second for ever, with a wrong password it never answers, and without the profile it throws where nobody
// can catch it.

import { createRequire } from 'node:module';
import Srf from 'drachtio-srf';
import { AppError } from '../../shared/errors.ts';
import type { EventSocketAddress } from './event-socket.ts';

/** A SIP dialog of drachtio-srf. */
export interface MrfDialog {
  readonly remote: { sdp: string };
  modify(sdp: string): Promise<string>;
  destroy(): Promise<unknown>;
  once(event: 'destroy', listener: () => void): void;
  on(event: 'destroy', listener: () => void): void;
}

export interface MrfEndpoint {
  readonly uuid: string;
  readonly dialog: MrfDialog;
  readonly local: { readonly sdp: string };
  /** FreeSWITCH's connection to us for this channel; null once it is gone. */
  readonly conn: { send(command: string): void; disconnect(): void } | null;
  on(event: 'destroy', listener: () => void): void;
}

export interface MrfServer {
  createEndpoint(options: { remoteSdp: string; headers: Record<string, string> }): Promise<MrfEndpoint>;
  disconnect(): void;
  on(event: 'end' | 'error', listener: (error?: Error) => void): void;
}

interface Mrf {
  connect(options: Record<string, unknown>): Promise<MrfServer>;
}

/** Where our SIP server (embedded or drachtio-server) is controlled. */
export interface SipControl {
  host: string;
  port: number;
  secret: string;
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

/** A control connection of our own that routes no request: it makes calls, and hears only of its own dialogs. */
export async function connectSipControl(control: SipControl): Promise<Srf> {
  const srf = new Srf();
  const ready = new Promise<void>((resolve, reject) => {
    srf.on('connect', (error: Error | null) => (error ? reject(error) : resolve()));
    srf.on('error', (error: Error) => reject(error));
  });
  srf.connect(control);
  try {
    await within(`connecting to the SIP server ${control.host}:${control.port}`, connectLimitMs, ready);
    return srf;
  } catch (cause) {
    srf.disconnect();
    const because = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('sip-server-unavailable', `media cannot use the SIP server: ${because}`, { cause });
  }
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
