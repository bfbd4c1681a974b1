// A FreeSWITCH as calls will use it: its event socket, version, modules, profile and clock; then one call as a browser would
// be connected, by way of the SIP server: FreeSWITCH must dial back to this machine (the reverse path) and do ICE and DTLS.

import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Server } from 'node:net';
import Srf from 'drachtio-srf';
import { connectEventSocket, type EventSocket, type EventSocketAddress } from '../../media/freeswitch/event-socket.ts';
import { asError } from '../../shared/errors.ts';
import { addressTowards, createDtlsCaller } from './dtls-caller.ts';
import { error, type Finding, isAtLeast, judgeClock, ok, warning } from './finding.ts';

export const minimumFreeswitch = '1.10.11';

export interface FreeswitchCheck {
  eventSocket: EventSocketAddress;
  /** The SIP server's control port: our calls to FreeSWITCH go through it, as real ones do. */
  sip: { host: string; port: number; secret: string; tls?: { ca?: string | Buffer } };
  /** Where FreeSWITCH dials back: what to bind to, and what it is told. Port 0 takes a free one. */
  reverse: { host: string; port: number; advertised?: string };
  profile?: string;
}

/** What a FreeSWITCH offers to browsers, and where its SIP listens; undefined when it does not answer. */
export async function addressesOf(
  eventSocket: EventSocketAddress,
  profile: string,
): Promise<{ media: string; control: string } | undefined> {
  const connected = await connectEventSocket(eventSocket);
  if (connected.kind === 'failed') return undefined;
  try {
    const status = await connected.socket.api(`sofia status profile ${profile}`);
    const field = (name: string) => new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(status)?.[1];
    const media = field('Ext-RTP-IP') ?? field('RTP-IP');
    const control = field('SIP-IP');
    return media && control ? { media, control } : undefined;
  } finally {
    connected.socket.close();
  }
}

const needed = [
  'mod_sofia',
  'mod_commands',
  'mod_dptools',
  'mod_dialplan_xml',
  'mod_sndfile',
  'mod_native_file',
  'mod_tone_stream',
  'mod_opus',
  'mod_conference',
  'mod_audio_fork',
];
const callMs = 10_000;

export async function checkFreeswitch(check: FreeswitchCheck): Promise<Finding[]> {
  const { eventSocket, profile = 'drachtio_mrf' } = check;
  const name = `FreeSWITCH at ${eventSocket.host}:${eventSocket.port}`;
  const connected = await connectEventSocket(eventSocket);
  if (connected.kind === 'failed') return [error(`${name} cannot be used: ${connected.because}.`)];
  const { socket } = connected;
  try {
    const findings = await questions(name, socket);
    const status = await socket.api('sofia status');
    const address = new RegExp(`^\\s*${profile}\\s.*sip:[^@\\s]+@([^\\s;]+)`, 'm').exec(status)?.[1];
    if (!address)
      return [
        ...findings,
        error(`${name} has no SIP profile ${profile} that runs: use config/freeswitch, look at its log.`),
      ];
    return [...findings, ...(await callThrough(name, address, check))];
  } finally {
    socket.close();
  }
}

async function questions(name: string, socket: EventSocket): Promise<Finding[]> {
  const version = /Version (\S+)/.exec(await socket.api('version'))?.[1] ?? 'unknown';
  const before = Date.now();
  const clockMs = Number(await socket.api('strmicroepoch')) / 1000;
  const askedAtMs = (before + Date.now()) / 2;
  const missing: string[] = [];
  for (const module of needed)
    if ((await socket.api(`module_exists ${module}`)).trim() !== 'true') missing.push(module);
  const runsPrograms = !(await socket.api('system')).includes('not found');
  return [
    isAtLeast(version, minimumFreeswitch)
      ? ok(`${name} takes our password: version ${version}.`)
      : error(`${name} is version ${version}: install ${minimumFreeswitch} or later.`),
    ...(Number.isFinite(clockMs) && clockMs > 0 ? [judgeClock(name, clockMs, askedAtMs)] : []),
    missing.length === 0
      ? ok('It has every module that calls need.')
      : error(
          `${name} lacks ${missing.join(', ')}: install and load them (config/freeswitch/autoload_configs/modules.conf.xml).`,
        ),
    ...(runsPrograms
      ? [
          warning(
            `${name} lets whoever has its event socket run programs: set disable_system_api_commands=true in vars.xml.`,
          ),
        ]
      : []),
  ];
}

async function callThrough(name: string, address: string, check: FreeswitchCheck): Promise<Finding[]> {
  const { reverse } = check;
  const dialled = await listenOnce(reverse);
  const srf = new Srf();
  const caller = await createDtlsCaller(await addressTowards(check.eventSocket.host));
  try {
    await connectSip(srf, check.sip);
    const back = `${reverse.advertised ?? reverse.host}:${dialled.port}`;
    const dialog = await within(
      srf.createUAC(`sip:doctor@${address}`, {
        localSdp: caller.offer,
        headers: { 'User-Agent': `drachtio-fsmrf:${randomUUID()}`, 'X-esl-outbound': back },
      }),
      callMs,
    );
    const up = await caller.handshake(dialog.remote.sdp, callMs);
    const came = await dialled.within(5000);
    await Promise.resolve(dialog.destroy()).catch(() => undefined);
    return [
      up
        ? ok(`${name} does ICE and DTLS with this machine.`)
        : error(
            `${name} took the call but did not come through ICE and DTLS: is its UDP range open, is FS_EXT_RTP_IP right?`,
          ),
      came
        ? ok(`It reaches this program at ${back}.`)
        : error(
            `${name} does not reach this program at ${back}: open that port for it, or give an address that it can reach.`,
          ),
    ];
  } catch (thrown) {
    return [error(`${name} does not take calls from the SIP server: ${reasonOf(thrown)}`)];
  } finally {
    caller.close();
    dialled.close();
    srf.disconnect();
  }
}

function reasonOf(thrown: unknown): string {
  const { status } = thrown as { status?: number };
  if (status === 403) return 'it answers 403. Add the SIP server to FS_CONTROL_HOSTS.';
  if (status === 488)
    return 'it answers 488: no ICE candidate of this machine is allowed. See FS_CANDIDATE_ACL (any_v4.auto takes private ones).';
  if (status === 503)
    return 'it answers 503: it is full, paused (fsctl resume) or cannot be reached by the SIP server.';
  return status ? `it answers ${status}.` : `${asError(thrown).message}.`;
}

async function connectSip(srf: Srf, sip: FreeswitchCheck['sip']): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    srf.on('connect', (thrown: Error | null) => (thrown ? reject(thrown) : resolve()));
    srf.on('error', reject);
  });
  // Its declaration does not know of tls.
  srf.connect(sip as Parameters<typeof srf.connect>[0]);
  await within(ready, 5000);
}

function within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came back within ${limitMs / 1000} s`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

interface Dialled {
  port: number;
  within(limitMs: number): Promise<boolean>;
  close(): void;
}

async function listenOnce({ host, port }: { host: string; port: number }): Promise<Dialled> {
  let came = false;
  let tell = () => {};
  const server: Server = createServer((socket) => {
    came = true;
    socket.on('error', () => undefined);
    tell();
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async within(limitMs) {
      if (came) return true;
      await new Promise<void>((resolve) => {
        tell = resolve;
        setTimeout(resolve, limitMs).unref();
      });
      return came;
    },
    close: () => server.close(),
  };
}
