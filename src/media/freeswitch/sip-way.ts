// The way by which FreeSWITCH is called: a control connection to one of the SIP servers, of our own, which routes no request, makes calls and
// hears only of its own dialogs.
//
//   nowhere ──connected to the first that takes us──▶ there ──closed, or no answer through it──▶ nowhere ──▶ …
//
// A dialog that was made through a connection that is gone is still FreeSWITCH's: its re-INVITEs go through the next one
// (RFC 3261 §14.1: same Call-ID and tags), and it is ended by the event socket. Which SIP server others use is not asked here.

import Srf from 'drachtio-srf';
import type { Clock, Timer } from '../../shared/clock.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { within } from './fsmrf.ts';

/** Where our SIP server (embedded or drachtio-server) is controlled. */
export interface SipControl {
  host: string;
  port: number;
  secret: string;
  /** TLS on it: PEM of who signed its certificate, and whether any name in it will do. */
  tls?: { ca?: string | Buffer; anyName?: boolean };
}

export interface SipConnection {
  readonly srf: Srf;
  readonly control: SipControl;
  readonly closed: boolean;
  close(): void;
}

export interface SipWayNeeds {
  clock: Clock;
  log: Logger;
  /** In order of preference. */
  servers: readonly SipControl[];
}

const connectLimitMs = 5000;
const againAfterMs = 1000;

export class SipWay {
  private readonly needs: SipWayNeeds;
  private current: SipConnection | undefined;
  private connecting: Promise<SipConnection> | undefined;
  /** Through this one nothing was answered: tried last. */
  private doubted: SipControl | undefined;
  private again: Timer | undefined;
  private over = false;

  constructor(needs: SipWayNeeds) {
    this.needs = needs;
  }

  /** Rejects with 'sip-server-unavailable' when none can be reached. */
  open(): Promise<SipConnection> {
    if (this.current) return Promise.resolve(this.current);
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  /** What is there now. */
  get now(): SipConnection | undefined {
    return this.current;
  }

  /** No answer came through it. Where there is another server that one is taken. */
  doubt(connection: SipConnection): void {
    if (this.current !== connection || this.needs.servers.length < 2) return;
    this.doubted = connection.control;
    connection.close();
    this.lost(connection, 'nothing is answered through it');
  }

  close(): void {
    this.over = true;
    this.again?.cancel();
    this.current?.close();
    this.current = undefined;
  }

  private async connect(): Promise<SipConnection> {
    const { servers } = this.needs;
    const inOrder = [...servers].sort((a, b) => Number(a === this.doubted) - Number(b === this.doubted));
    const connection: SipConnection = await connectSip(inOrder, (because) => this.lost(connection, because));
    if (this.over) connection.close();
    // It may have closed again before anybody looked.
    else if (!connection.closed) this.current = connection;
    return connection;
  }

  private lost(connection: SipConnection, because: string): void {
    if (this.over || this.current !== connection) return;
    this.current = undefined;
    const { host, port } = connection.control;
    this.needs.log.warn({ sipServer: `${host}:${port}`, because }, 'FreeSWITCH is called through another SIP server');
    this.tryAgain();
  }

  private tryAgain(): void {
    this.open().catch((thrown: unknown) => {
      if (this.over) return;
      this.needs.log.warn({ err: asError(thrown) }, 'FreeSWITCH cannot be called: no SIP server');
      this.again?.cancel();
      this.again = this.needs.clock.after(againAfterMs, () => this.tryAgain());
    });
  }
}

/** To the first of these servers that takes us. `onClosed` at most once, and not for what we close. */
export async function connectSip(
  controls: readonly SipControl[],
  onClosed: (because: string) => void = () => undefined,
): Promise<SipConnection> {
  const reasons: string[] = [];
  for (const control of controls) {
    const tried = await connectOne(control, onClosed);
    if ('srf' in tried) return tried;
    reasons.push(`${control.host}:${control.port}: ${tried.message}`);
  }
  throw new AppError('sip-server-unavailable', `media cannot use the SIP server (${reasons.join('; ')})`);
}

async function connectOne(control: SipControl, onClosed: (because: string) => void): Promise<SipConnection | Error> {
  const { host, port, secret, tls } = control;
  const srf = new Srf();
  let closed = false;
  let ready = false;
  const close = () => {
    closed = true;
    disconnect(srf);
  };
  const connected = new Promise<void>((resolve, reject) => {
    srf.on('connect', (error: Error | null) => {
      if (error) reject(error);
      // Too late: nobody waits for it any more.
      else if (closed) disconnect(srf);
      else resolve();
    });
    srf.on('error', (error: Error) => reject(error));
    // 'close' is missing from its declarations.
    (srf as unknown as NodeJS.EventEmitter).on('close', () => {
      if (closed) return;
      close();
      if (ready) onClosed('it closed the connection');
      else reject(new Error('it closed the connection'));
    });
  });
  const secure = tls && {
    ...(tls.ca ? { ca: tls.ca } : {}),
    ...(tls.anyName ? { checkServerIdentity: () => undefined } : {}),
  };
  // drachtio-srf would connect anew by itself, over TLS without TLS, and to the same server only.
  const once = { reconnect: { maxAttempts: 1 } };
  srf.connect({ host, port, secret, ...once, ...(secure ? { tls: secure } : {}) } as Parameters<Srf['connect']>[0]);
  try {
    await within('connecting', connectLimitMs, connected);
    ready = true;
  } catch (thrown) {
    close();
    return asError(thrown);
  }
  return {
    srf,
    control,
    close,
    get closed() {
      return closed;
    },
  };
}

function disconnect(srf: Srf): void {
  try {
    srf.disconnect();
  } catch {
    // It throws when it is not connected, which is what was wanted.
  }
}
