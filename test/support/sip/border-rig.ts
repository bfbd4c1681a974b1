// The border on our own SIP server, with parties around it: a carrier over UDP and softphones over WebSocket.
// ENGAWA_TEST_DRACHTIO=HOST:CONTROL_PORT:SECRET runs the same tests on a server that is there already, such as drachtio-server on
// loopback; tests that stop or look into the server then skip themselves (`ownServer`).

import { PhoneNumber } from '../../../src/privacy/phone-number.ts';
import type { Border, InboundCall, SipServerAddress } from '../../../src/sbc/border.ts';
import { type BorderOptions, createBorder } from '../../../src/sbc/drachtio-border.ts';
import type { Flow } from '../../../src/sbc/embedded/layers.ts';
import { createSipServer, type SipServer, type SipServerOptions } from '../../../src/sbc/embedded/sip-server.ts';
import type { Leg } from '../../../src/sbc/leg.ts';
import { type TrunkSettings, trunkSettings } from '../../../src/sbc/trunk-settings.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import type { CallId, PersonId, SessionId } from '../../../src/shared/ids.ts';
import { createLogger, type Logger } from '../../../src/shared/logger.ts';
import { drachtioServers } from './drachtio-servers.ts';
import {
  createUdpParty,
  createWebSocketParty,
  newTag,
  type PartyMessage,
  requestText,
  responseText,
  type SipParty,
  sdpText,
} from './sip-party.ts';

export const tokyo = '+81312345678';
export const tollFree = '0120123456';
export const secret = 'a-secret';

export interface BorderRig {
  server: SipServer;
  border: Border;
  /** The carrier behind the trunk `carrier`. */
  carrier: SipParty;
  sip: { host: string; port: number };
  calls: InboundCall[];
  logLines: string[];
  /** The SIP server dies; `close` then leaves it alone. */
  stopServer(): Promise<void>;
  close(): Promise<void>;
}

export interface RigOptions {
  trunk?: Partial<TrunkSettings>;
  trunks?: (carrier: SipParty) => TrunkSettings[];
  border?: Partial<BorderOptions>;
  server?: Partial<SipServerOptions>;
}

const [external] = drachtioServers;
export const onOwnServer = external === undefined;
/** Options for tests that need our own server. */
export const ownServer = external ? { skip: 'the SIP server is not ours to stop or to look into' } : {};

function ourServer(log: Logger, more: Partial<SipServerOptions> = {}): Promise<SipServer> {
  return createSipServer({
    clock: systemClock,
    log,
    control: { host: '127.0.0.1', port: 0, secret },
    sip: ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0', 'ws/127.0.0.1:0'],
    ...more,
  });
}

/** A server of somebody else, as the border sees it once connected. */
function externalServer(address: SipServerAddress, border: Border): SipServer {
  const sip = border.sipServers().flatMap(({ addresses }) =>
    addresses.map(({ protocol, host, port }) => ({
      ...{ protocol: protocol as Flow['protocol'], address: '', port: 0, localAddress: host, localPort: port },
    })),
  );
  return {
    listening: { control: address, sip },
    stats: () => ({ applications: 1, dialogs: 0, incoming: 0, outgoing: 0, contacts: 0, counters: {} }),
    close: async () => {},
  };
}

export async function startBorderRig({
  trunk,
  trunks,
  border: more,
  server: serverMore,
}: RigOptions = {}): Promise<BorderRig> {
  const logLines: string[] = [];
  const log: Logger =
    process.env['BORDER_LOG'] === undefined
      ? createLogger({ level: 'debug', destination: { write: (line) => void logLines.push(line) } })
      : createLogger({ level: 'debug' });
  const own = external ? undefined : await ourServer(log, serverMore);
  const carrier = await createUdpParty({ host: '127.0.0.1', port: 9 });
  const border = createBorder({
    clock: systemClock,
    log,
    sipServers: [external ?? { ...own!.listening.control, secret }],
    trunks: trunks?.(carrier) ?? [carrierTrunk(carrier, trunk)],
    companyNumbers: [tokyo, tollFree],
    domain: 'pbx.example',
    ...more,
  });
  const calls: InboundCall[] = [];
  border.on('call', (call) => void calls.push(call));
  await border.start();
  const server = own ?? externalServer(external!, border);
  const udp = server.listening.sip.find((flow) => flow.protocol === 'udp')!;
  const sip = { host: udp.localAddress, port: udp.localPort };
  carrier.remote = sip;
  let stopped: Promise<void> | undefined;
  const stopServer = () => (stopped ??= server.close());
  return {
    server,
    border,
    carrier,
    sip,
    calls,
    logLines,
    stopServer,
    async close() {
      await border.close();
      await stopServer();
      carrier.close();
    },
  };
}

export function carrierTrunk(carrier: SipParty, more: Partial<TrunkSettings> = {}): TrunkSettings {
  return trunkSettings({
    name: 'carrier',
    addresses: ['127.0.0.1'],
    targets: [{ host: carrier.host, port: carrier.port }],
    optionsIntervalSeconds: 0,
    ...more,
  });
}

export interface CarrierCall {
  callId: string;
  from: string;
  to: string;
  uri: string;
  branch: string;
  /** The INVITE as sent. */
  invite: string;
}

/** Has the carrier send an INVITE to the company. */
export function carrierCalls(
  rig: Pick<BorderRig, 'carrier' | 'sip'>,
  options: {
    to?: string;
    headers?: string[];
    body?: string;
    fromUser?: string;
    from?: string;
    callId?: string;
    party?: SipParty;
  } = {},
): CarrierCall {
  const party = options.party ?? rig.carrier;
  const callId = options.callId ?? `call-${newTag()}${newTag()}@carrier.example`;
  const from = options.from ?? `<sip:${options.fromUser ?? '+819012345678'}@carrier.example>;tag=${newTag()}`;
  const uri = `sip:${options.to ?? tokyo}@${rig.sip.host}:${rig.sip.port}`;
  const branch = `z9hG4bK${newTag()}${newTag()}`;
  const to = `<${uri}>`;
  const { headers, body } = options;
  const invite = requestText(party, { method: 'INVITE', uri, from, to, callId, branch, headers, body });
  party.send(invite);
  return { callId, from, to, uri, branch, invite };
}

/** A request inside the dialog that `response` (to our INVITE) made, or for the party as callee, that `invite` made. */
export function inDialog(
  party: SipParty,
  method: string,
  dialog: { callId: string; from: string; to: string; target: string; cseq: number },
  more: { headers?: string[]; body?: string; contentType?: string; branch?: string } = {},
): string {
  const { callId, from, to, cseq } = dialog;
  const text = requestText(party, { method, uri: dialog.target, from, to, callId, cseq, ...more });
  party.send(text);
  return text;
}

/** The dialog seen by a party that called and got `ok`. */
export function callerDialog(call: CarrierCall, ok: PartyMessage) {
  const target = /<([^>]+)>/.exec(ok.get('Contact') ?? '')?.[1] ?? call.uri;
  return { callId: call.callId, from: call.from, to: ok.get('To')!, target };
}

/** The dialog seen by a party that was called with `invite` and answered with `tag`. */
export function calleeDialog(invite: PartyMessage, tag: string) {
  const target = /<([^>]+)>/.exec(invite.get('Contact') ?? '')?.[1] ?? '';
  return { callId: invite.get('Call-ID')!, from: `${invite.get('To')};tag=${tag}`, to: invite.get('From')!, target };
}

/** Calls a customer by the first trunk that may, presenting Tokyo. */
export function callOut(border: Border, more: Partial<Parameters<Border['callTrunk']>[0]> = {}): Leg {
  return border.callTrunk({
    callId: 'c_1' as CallId,
    to: PhoneNumber.fromCanonical('+819087654321')!,
    presentedNumber: tokyo,
    offer: async () => sdpText('pbx'),
    ringTimeoutSeconds: 20,
    ...more,
  });
}

export const contactOf = (party: SipParty) => `<sip:party@${party.host}:${party.port}>`;

export interface Softphone {
  party: SipParty;
  personId: PersonId;
  sessionId: SessionId;
  register(expires?: number, more?: { user?: string; contact?: string }): Promise<PartyMessage>;
  contact: string;
  undoAdmission: () => void;
}

export async function openSoftphone(
  rig: Pick<BorderRig, 'border'>,
  {
    personId = 'p_1',
    sessionId = 's_1',
    admit = true,
    isLive = () => true,
  }: { personId?: string; sessionId?: string; admit?: boolean; isLive?: () => boolean } = {},
): Promise<Softphone> {
  const target = rig.border.webSocketTarget;
  const party = await createWebSocketParty(target);
  const who = { personId: personId as PersonId, sessionId: sessionId as SessionId };
  const options = { server: target.server, onServerLost: () => party.close(), isLive };
  const undoAdmission = admit ? rig.border.admitSoftphone(`${party.host}:${party.port}`, who, options) : () => {};
  const contact = `sip:${newTag()}@df7jal23ls0d.invalid;transport=ws`;
  const callId = newTag() + newTag();
  let cseq = 0;
  return {
    party,
    ...who,
    contact,
    undoAdmission,
    async register(expires = 300, more = {}) {
      const aor = `sip:${more.user ?? personId}@pbx.example`;
      party.send(
        requestText(party, {
          method: 'REGISTER',
          uri: 'sip:pbx.example',
          from: `<${aor}>;tag=${newTag()}`,
          to: `<${aor}>`,
          callId,
          cseq: ++cseq,
          contact: more.contact ?? `<${contact}>;expires=${expires}`,
          headers: ['User-Agent: SIP.js/0.21.2 SecretBrowser/1.0'],
        }),
      );
      return party.nextResponse();
    },
  };
}

export { newTag, requestText, responseText };
