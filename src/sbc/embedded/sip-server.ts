// The SIP server: transports and transactions below, the drachtio control protocol above, dialogs between them.
// `drachtio-srf`, unchanged, drives it as it drives drachtio-server. Holds no call logic and no media.

import { newTag } from '../../protocol/sip/tokens.ts';
import { parseHostPort } from '../../protocol/sip/uri.ts';
import type { Clock } from '../../shared/clock.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { type Random, systemRandom } from '../../shared/random.ts';
import { type ControlOptions, type ControlServer, startControlServer } from './control/control-server.ts';
import { createAddresses } from './dialog/addresses.ts';
import { applicationGone, endOrphans } from './dialog/application-gone.ts';
import { receiveCancel } from './dialog/cancel.ts';
import { createCdrReporter } from './dialog/cdr.ts';
import { obey } from './dialog/commands.ts';
import { createContactConnections } from './dialog/contact-connections.ts';
import { createDialogStore } from './dialog/dialog-store.ts';
import { receiveAck } from './dialog/invite-answer.ts';
import { receiveRequest } from './dialog/network-requests.ts';
import { type RequestHandler, routeOutbound } from './dialog/outbound.ts';
import {
  defaultSessionTimerPolicy,
  defaultStackTimers,
  type SessionTimerPolicy,
  type Stack,
  type StackTimers,
} from './dialog/stack.ts';
import type { Flow, TransactionLayer, TransportProtocol } from './layers.ts';
import { createForwarder } from './proxy/forwarder.ts';
import { createTransactionLayer, type TransactionLayerOptions } from './transaction/layer.ts';
import type { TlsMaterial } from './transport/transport.ts';

export interface SipServerOptions {
  clock: Clock;
  log: Logger;
  random?: Random;
  /** Where applications connect. Port 0: any free one, see `listening.control`. */
  control: ControlOptions;
  /** Transports, `udp/127.0.0.1:5060`: udp, tcp, tls, ws, wss. Port 0: any free one. */
  sip: readonly string[];
  /** For tls and wss. */
  tls?: TlsMaterial;
  /** What peers outside private networks are told instead of the address we listen on. */
  externalAddress?: string;
  timers?: Partial<StackTimers>;
  sessionTimers?: Partial<SessionTimerPolicy>;
  /** Outbound mode: who is asked, or dialled, about new requests, by method. */
  requestHandlers?: readonly RequestHandler[];
  /** Passed to the transaction layer as they are. */
  layer?: Pick<
    TransactionLayerOptions,
    'limits' | 'maxServerTransactions' | 'retryAfterSeconds' | 'datagrams' | 'dns' | 'clientTls' | 'guard'
  >;
}

export interface SipServerStats {
  applications: number;
  dialogs: number;
  /** Requests from the network that nobody has finally answered yet. */
  incoming: number;
  /** Requests of applications without a final response yet. */
  outgoing: number;
  /** Contacts reachable over the connection they registered on. */
  contacts: number;
  counters: Record<string, number>;
}

export interface SipServer {
  /** The real addresses, after binding. */
  readonly listening: { control: { host: string; port: number }; sip: readonly Flow[] };
  stats(): SipServerStats;
  /** Ends every dialog with BYE, closes applications and transports. Closing twice is closing once. */
  close(): Promise<void>;
}

/** Said to applications; drachtio-srf starts pings from v0.8.2 on. */
const protocolVersion = 'v0.9.10-engawa';

export async function createSipServer(options: SipServerOptions): Promise<SipServer> {
  const { clock, log } = options;
  const random = options.random ?? systemRandom;
  const counters = new Map<string, number>();
  const count = (what: string) => void counters.set(what, (counters.get(what) ?? 0) + 1);
  const timers = { ...defaultStackTimers, ...options.timers };
  const layer = await createTransactionLayer({
    clock,
    log,
    random,
    listen: options.sip.map((text) => listenAddress(text, options)),
    timers: { t1Ms: timers.t1Ms, t2Ms: timers.t2Ms },
    ...options.layer,
  });
  const addresses = createAddresses({ listening: layer.listening, externalAddress: options.externalAddress });
  let stack: Stack;
  const control = await openControl(layer, {
    options: options.control,
    greeting: () => `${addresses.list(true).join(',')}|${protocolVersion}|${addresses.list(false).join(',')}`,
    onCommand: (application, command) => obey(stack, application, command),
    onForget(application, dialogId) {
      const dialog = stack.dialogs.byId(dialogId);
      if (dialog && (dialog.application === application || !dialog.application.open)) stack.dialogs.remove(dialog);
    },
    onGone: (application) => applicationGone(stack, application),
    clock,
    log,
    count,
  });
  stack = {
    clock,
    log,
    random,
    timers,
    sessionTimers: { ...defaultSessionTimerPolicy, ...options.sessionTimers },
    layer,
    control,
    addresses,
    dialogs: createDialogStore(),
    contacts: createContactConnections({ clock }),
    cdr: createCdrReporter(() => control.routes),
    proxy: createForwarder(() => stack, options.control.secret),
    routeOutbound: (incoming) => routeOutbound(stack, options.requestHandlers ?? [], incoming),
    incoming: new Map(),
    outgoing: new Map(),
    pendingInvites: new Map(),
    newTag: () => newTag(random),
    count,
  };
  connectLayer(stack);
  let closing: Promise<void> | undefined;
  return {
    listening: { control: control.address, sip: layer.listening },
    stats: () => ({
      applications: control.routes.applications.size,
      dialogs: stack.dialogs.size,
      incoming: stack.incoming.size,
      outgoing: stack.outgoing.size,
      contacts: stack.contacts.size,
      counters: { ...layer.counters, ...Object.fromEntries(counters) },
    }),
    close: () => (closing ??= closeAll(stack, control, layer)),
  };
}

async function openControl(
  layer: TransactionLayer,
  needs: Parameters<typeof startControlServer>[0],
): Promise<ControlServer> {
  try {
    return await startControlServer(needs);
  } catch (thrown) {
    await layer.close();
    throw thrown;
  }
}

function connectLayer(stack: Stack): void {
  const { layer, log } = stack;
  const guard = (what: string, run: () => void) => {
    try {
      run();
    } catch (thrown) {
      stack.count(`fault.${what}`);
      log.error({ err: asError(thrown), what }, 'handling a message failed');
    }
  };
  layer.onRequest((transaction) => receiveRequest(stack, transaction));
  layer.onAck((ack, text, flow) => guard('ack', () => receiveAck(stack, ack, text, flow)));
  layer.onCancel((cancel, invite) => guard('cancel', () => receiveCancel(stack, cancel, invite)));
  layer.onConnectionClosed((connectionId) => stack.contacts.connectionClosed(connectionId));
  layer.onStranger?.(
    (request, callId, toTag, fromTag) =>
      stack.dialogs.find(callId, toTag, fromTag) !== undefined || stack.proxy.isInDialog(request),
  );
}

async function closeAll(stack: Stack, control: ControlServer, layer: TransactionLayer): Promise<void> {
  for (const application of [...control.routes.applications]) applicationGone(stack, application, { orphanMs: 0 });
  endOrphans(stack);
  await control.close();
  await layer.close();
}

const protocols: readonly TransportProtocol[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];

function listenAddress(
  text: string,
  { tls, externalAddress }: SipServerOptions,
): TransactionLayerOptions['listen'][number] {
  const [name = '', rest = ''] = text.split('/', 2);
  const protocol = protocols.find((each) => each === name.toLowerCase());
  const place = parseHostPort(rest);
  if (!protocol || !place) {
    throw new AppError(
      'invalid-argument',
      `"${text}" is no SIP transport; write it as udp/127.0.0.1:5060 (udp, tcp, tls, ws or wss).`,
    );
  }
  const secure = protocol === 'tls' || protocol === 'wss';
  if (secure && !tls) {
    throw new AppError('invalid-argument', `${text} needs a certificate and a key.`);
  }
  const port = place.port ?? (secure ? 5061 : 5060);
  return {
    protocol,
    address: place.host,
    port,
    ...(secure ? { tls } : {}),
    ...(externalAddress ? { external: { host: externalAddress } } : {}),
  };
}
