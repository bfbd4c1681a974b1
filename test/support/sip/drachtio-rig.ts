// Our SIP server with a drachtio-srf application on it, and a party of the test on the other side of the network.

import Srf from 'drachtio-srf';
import type { Test } from 'tap';
import { createSipServer, type SipServer, type SipServerOptions } from '../../../src/sbc/embedded/sip-server.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { eventually } from '../eventually.ts';
import { createUdpParty, type PartyMessage, requestText, type SipParty, sdpText } from './sip-party.ts';

export const secret = 'tell-nobody';

/** drachtio-srf as these tests use it; its own types leave half of it out. */
export interface AppMessage {
  method: string;
  status: number;
  body: string;
  uri: string;
  source_port: number;
  protocol: string;
  get(name: string): string | undefined;
  on(event: 'cancel', listener: () => void): void;
  on(event: 'response', listener: (response: AppMessage) => void): void;
  cancel(done?: (error: unknown) => void): void;
}
type Callback = (error: unknown) => void;
export interface AppResponse {
  send(status: number, options?: object, callback?: Callback): void;
}
export interface AppDialog {
  id: string;
  local: { sdp: string };
  remote: { sdp: string; uri: string };
  on(event: 'ack' | 'refresh', listener: (request: AppMessage) => void): void;
  on(event: 'destroy', listener: (bye: AppMessage, reason: string) => void): void;
  on(
    event: 'modify' | 'update' | 'info' | 'notify' | 'refer',
    listener: (req: AppMessage, res: AppResponse) => void,
  ): void;
  modify(sdp: string): Promise<string>;
  request(options: object): Promise<AppMessage>;
  destroy(): Promise<AppMessage>;
}
type Handler = (req: AppMessage, res: AppResponse) => void;
type Verb = 'invite' | 'register' | 'options' | 'message' | 'info' | 'notify' | 'subscribe' | 'publish' | 'refer';
export interface ProxyResult {
  connected: boolean;
  finalStatus: number;
  responses: unknown[];
}
export interface App extends Record<Verb, (handler: Handler) => void> {
  createUAS(req: AppMessage, res: AppResponse, options?: object): Promise<AppDialog>;
  createUAC(
    uri: string,
    options: object,
    progress?: {
      cbRequest?: (error: unknown, request: AppMessage) => void;
      cbProvisional?: (response: AppMessage) => void;
    },
  ): Promise<AppDialog>;
  proxyRequest(req: AppMessage, destination: string | string[], options?: object): Promise<ProxyResult>;
  request(uri: string, options: object): Promise<AppMessage>;
  on(event: string, listener: (...given: string[]) => void): void;
  disconnect(): void;
}

export interface DrachtioRig {
  server: SipServer;
  /** The server's UDP transport. */
  sip: { host: string; port: number };
  transport(protocol: string): { host: string; port: number };
  /** A further connected application. */
  connect(tags?: string[]): Promise<App>;
  /** The application's connection closes. */
  disconnect(app: App): void;
  party(): Promise<SipParty>;
  /** Rejects unless every table of the server is empty soon. */
  settled(): Promise<unknown>;
}

export async function startRig(t: Test, options: Partial<SipServerOptions> = {}): Promise<DrachtioRig> {
  const server = await createSipServer({
    clock: systemClock,
    log: silentLogger,
    control: { host: '127.0.0.1', port: 0, secret },
    sip: ['udp/127.0.0.1:0'],
    ...options,
  });
  const closers: (() => void)[] = [];
  const connected = new Set<App>();
  t.teardown(async () => {
    for (const app of connected) app.disconnect();
    for (const close of closers) close();
    await server.close();
  });
  const transport = (protocol: string) => {
    const found = server.listening.sip.find((flow) => flow.protocol === protocol)!;
    return { host: found.localAddress, port: found.localPort };
  };
  return {
    server,
    get sip() {
      return transport('udp');
    },
    transport,
    async connect(tags = []) {
      const srf = new Srf(tags);
      srf.on('error', () => {});
      await new Promise<void>((resolve, reject) => {
        srf.once('connect', (err: Error | null) => (err ? reject(err) : resolve()));
        srf.connect({ ...server.listening.control, secret });
      });
      const app = srf as unknown as App;
      connected.add(app);
      return app;
    },
    disconnect(app) {
      connected.delete(app);
      app.disconnect();
    },
    async party() {
      const party = await createUdpParty(transport('udp'));
      closers.push(() => party.close());
      return party;
    },
    settled: () =>
      eventually('the server has nothing on its books', () => {
        const { dialogs, incoming, outgoing } = server.stats();
        return dialogs + incoming + outgoing === 0;
      }),
  };
}

export interface Call {
  invite: string;
  callId: string;
  from: string;
  to: string;
  uri: string;
}

let calls = 0;

/** Sends an INVITE to the server and says what the rest of the call needs. */
export function call(
  party: SipParty,
  { headers = [], body = sdpText('caller') }: { headers?: string[]; body?: string } = {},
): Call {
  calls += 1;
  const callId = `call-${calls}-${process.pid}`;
  const from = `<sip:alice@${party.host}:${party.port}>;tag=a${calls}`;
  const uri = `sip:bob@${party.remote.host}:${party.remote.port}`;
  const to = `<${uri}>`;
  const invite = requestText(party, {
    method: 'INVITE',
    uri,
    from,
    to,
    callId,
    cseq: 1,
    headers,
    body,
    branch: `z9hG4bKi${calls}`,
  });
  party.send(invite);
  return { invite, callId, from, to, uri };
}

/** A request of the caller inside its dialog. `to` of the response carries the tag. */
export function inCall(
  party: SipParty,
  { callId, from, uri }: Call,
  answer: PartyMessage,
  method: string,
  cseq: number,
  more: { headers?: string[]; body?: string } = {},
): string {
  const contact = /<(.+)>/.exec(answer.get('Contact') ?? '')?.[1] ?? uri;
  return requestText(party, { method, uri: contact, from, to: answer.get('To')!, callId, cseq, ...more });
}

/** A request in a dialog that the server's application made towards this party: `invite` is what came in. */
export function fromCallee(
  party: SipParty,
  invite: PartyMessage,
  tag: string,
  method: string,
  cseq: number,
  more: { headers?: string[]; body?: string } = {},
): string {
  const uri = /<(.+)>/.exec(invite.get('Contact') ?? '')![1]!;
  const from = `${invite.get('To')};tag=${tag}`;
  return requestText(party, {
    method,
    uri,
    from,
    to: invite.get('From')!,
    callId: invite.get('Call-ID')!,
    cseq,
    ...more,
  });
}
