// Everything that connects us with one FreeSWITCH, for one life of the connection: our event socket, drachtio-fsmrf with the
// connections that FreeSWITCH makes back to us, and the checks that must succeed before a call is put there. When any of it is
// lost the whole is thrown away and a new one is made (freeswitch-media.ts).

import type { Clock } from '../../shared/clock.ts';
import { createEmitter, type Listenable } from '../../shared/emitter.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EventSocketAddress } from './event-socket.ts';
import { browserOfNobody, readFreeswitchAnswer, sdpForFreeswitch } from './far-end.ts';
import { connectControl, type FreeswitchControl, ownerHeader } from './freeswitch-control.ts';
import { type FreeswitchDialog, MadeDialog } from './freeswitch-dialog.ts';
import { callFreeswitch, connectMrf, type MrfEndpoint, type MrfServer, within } from './fsmrf.ts';
import { type CountsWatch, createCountsWatch } from './party-counts.ts';
import type { SipWay } from './sip-way.ts';
import type { SoundSpecs } from './sound-specs.ts';

export interface ListenAddress {
  /** Where FreeSWITCH's connections to us arrive, for every endpoint one. */
  address: string;
  /** 0 lets the system choose; between hosts a firewall wants to know it. */
  port: number;
  /** What FreeSWITCH is told instead, behind NAT. */
  advertisedAddress?: string;
  advertisedPort?: number;
}

export interface ServerLinkNeeds {
  clock: Clock;
  log: Logger;
  /** By which it is called. */
  sip: SipWay;
  address: EventSocketAddress;
  profile: string;
  listen: ListenAddress;
  sounds: SoundSpecs;
  /** Unique to this program on that FreeSWITCH and to this life: `node.life`. */
  owner: string;
  /** Ends channels that an earlier life of this node has left there. */
  endStrangers: boolean;
}

/** A channel, its dialog, and FreeSWITCH's connection to us for it. */
export interface PartyCall extends MrfEndpoint {
  readonly dialog: FreeswitchDialog;
}

export interface ServerLink extends Listenable<{ lost: { because: string } }> {
  readonly control: FreeswitchControl;
  readonly counts: CountsWatch;
  readonly canConference: boolean;
  /** How its channels name their program. */
  readonly owner: string;
  /** Of FreeSWITCH's DTLS certificate; '' when it has none. */
  readonly fingerprint: string;
  /** A channel and its dialog. Rejects with what drachtio-srf rejects, or an AppError when FreeSWITCH says nothing in time. */
  call(sdpOffer: string, headers?: Record<string, string>): Promise<PartyCall>;
  /** Why FreeSWITCH cannot be called, or does not connect back to us; undefined when it does. */
  prove(): Promise<string | undefined>;
  close(): void;
}

export type Linked = { kind: 'linked'; link: ServerLink } | { kind: 'failed'; because: string };

const callLimitMs = 5000;
const neededModules = ['mod_dptools', 'mod_sndfile', 'mod_tone_stream', 'mod_opus', 'mod_audio_fork'];
const oldestVersion = [1, 10];

export async function linkServer(needs: ServerLinkNeeds): Promise<Linked> {
  const { address, clock, log, owner } = needs;
  const connected = await connectControl({ address, owner, clock, log });
  if (connected.kind === 'failed') return connected;
  const { control } = connected;
  const fail = (because: string): Linked => {
    control.close();
    return { kind: 'failed', because };
  };
  let mrf: MrfServer | undefined;
  try {
    const because = await unfit(control, needs);
    if (because) return fail(because);
    mrf = await connectMrf({ ...needs, srf: (await needs.sip.open()).srf });
    const proof = await prove(needs, control, mrf);
    if ('because' in proof) {
      disconnect(mrf, log);
      return fail(proof.because);
    }
    const link = makeLink(needs, control, mrf, { ...proof, canConference: await has(control, 'mod_conference') });
    if (needs.endStrangers) await endStrangers(control, owner, log);
    return { kind: 'linked', link };
  } catch (thrown) {
    if (mrf) disconnect(mrf, log);
    return fail(asError(thrown).message);
  }
}

const has = async (control: FreeswitchControl, module: string): Promise<boolean> =>
  (await control.api(`module_exists ${module}`)).trim() === 'true';

/** Why this FreeSWITCH cannot serve us, in a sentence that says what to do. */
async function unfit(
  control: FreeswitchControl,
  { address, profile, sounds }: ServerLinkNeeds,
): Promise<string | undefined> {
  const name = `FreeSWITCH ${address.host}:${address.port}`;
  const [major = 0, minor = 0] = control.load.version.split('.').map(Number);
  if (major < oldestVersion[0]! || (major === oldestVersion[0]! && minor < oldestVersion[1]!))
    return `${name} is version ${control.load.version}; ${oldestVersion.join('.')} or newer is needed`;
  for (const module of neededModules)
    if (!(await has(control, module))) return `${name} has not loaded ${module}: add it to modules.conf.xml`;
  const status = await control.api('sofia status');
  if (!new RegExp(`^\\s*${profile}\\s.*sip:mod_sofia@[\\d.]+:\\d+.*RUNNING`, 'm').test(status))
    return `${name} has no running SIP profile “${profile}” with an IPv4 address: see config/freeswitch`;
  const probe = await sounds.probe();
  if (!probe) return undefined;
  try {
    if ((await control.api(`file_exists ${probe.there}`)).trim() === 'true') return undefined;
    return `${name} does not see ${probe.there}, which was put into the shared folder of sounds: mount it there`;
  } finally {
    await probe.remove();
  }
}

/** A call to FreeSWITCH that it answers by connecting to us: nothing else proves that endpoints can be made. */
async function prove(
  needs: ServerLinkNeeds,
  control: FreeswitchControl,
  mrf: MrfServer,
): Promise<{ fingerprint: string } | { because: string }> {
  const { address, listen } = needs;
  const name = `FreeSWITCH ${address.host}:${address.port}`;
  try {
    const endpoint = await call(needs, control, mrf, sdpForFreeswitch({ profile: 'rtp', version: 0 }));
    const modified = endpoint.dialog.modify(sdpForFreeswitch(browserOfNobody));
    const answer = readFreeswitchAnswer(await within('a re-INVITE to FreeSWITCH', callLimitMs, modified));
    await within('ending a probe', callLimitMs, Promise.resolve(endpoint.dialog.destroy()));
    return { fingerprint: answer?.ice?.fingerprint ?? '' };
  } catch (thrown) {
    const { status } = thrown as { status?: number };
    if (status !== undefined)
      return { because: `${name} refuses calls with ${status}: see its SIP profile's access list and limits` };
    const told = `${listen.advertisedAddress ?? listen.address}:${listen.advertisedPort ?? listen.port}`;
    return { because: `${name} was called but has not connected back to ${told}: ${asError(thrown).message}` };
  }
}

async function call(
  needs: ServerLinkNeeds,
  control: FreeswitchControl,
  mrf: MrfServer,
  sdpOffer: string,
  headers: Record<string, string> = {},
): Promise<PartyCall> {
  const { sip, clock, owner } = needs;
  const connection = await sip.open();
  const endpoint = await callFreeswitch(connection.srf, mrf, {
    sdpOffer,
    headers: { ...headers, [ownerHeader]: owner },
    limitMs: callLimitMs,
    unanswered: () => sip.doubt(connection),
  });
  // Its events come over our own socket.
  endpoint.conn?.send('noevents');
  const { uuid, conn } = endpoint;
  const hangUp = () => control.order(`uuid_kill ${uuid}`);
  return {
    ...{ uuid, conn, on: (event, listener) => endpoint.on(event, listener) },
    dialog: new MadeDialog({ way: sip, clock, hangUp }, endpoint.dialog, connection),
  };
}

/** Channels of this node that are nobody's: the program that made them has gone without ending them. */
async function endStrangers(control: FreeswitchControl, owner: string, log: Logger): Promise<void> {
  const [node = ''] = owner.split('.');
  const listed = await control.api('show channels as json');
  const rows = (JSON.parse(listed) as { rows?: { uuid: string }[] }).rows ?? [];
  for (const { uuid } of rows) {
    const made = (await control.api(`uuid_getvar ${uuid} sip_h_${ownerHeader}`)).trim();
    if (made === owner || made.split('.')[0] !== node) continue;
    log.warn({ uuid }, 'ending a channel that an earlier run of this node has left on FreeSWITCH');
    await control.api(`uuid_kill ${uuid}`);
  }
}

function disconnect(mrf: MrfServer, log: Logger): void {
  // What fsmrf still has to say concerns nobody; without a listener its 'error' would be thrown.
  mrf.on('error', (error) => log.debug({ err: error }, 'drachtio-fsmrf, thrown away'));
  try {
    mrf.disconnect();
  } catch (thrown) {
    log.debug({ err: asError(thrown) }, 'drachtio-fsmrf was no longer connected');
  }
}

function makeLink(
  needs: ServerLinkNeeds,
  control: FreeswitchControl,
  mrf: MrfServer,
  known: Pick<ServerLink, 'canConference' | 'fingerprint'>,
): ServerLink {
  const { clock, log } = needs;
  const emitter = createEmitter<{ lost: { because: string } }>((err) => log.error({ err }, 'media listener failed'));
  const counts = createCountsWatch(control, clock, log);
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    counts.close();
    control.close();
    disconnect(mrf, log);
  };
  const lose = (because: string) => {
    if (closed) return;
    close();
    emitter.emit('lost', { because });
  };
  control.on('lost', ({ because }) => lose(because));
  mrf.on('end', () => lose('drachtio-fsmrf has lost its connection'));
  return {
    control,
    counts,
    owner: needs.owner,
    ...known,
    on: emitter.on,
    once: emitter.once,
    call: (sdpOffer, headers) => call(needs, control, mrf, sdpOffer, headers),
    async prove() {
      const proof = await prove(needs, control, mrf);
      return 'because' in proof ? proof.because : undefined;
    },
    close,
  };
}
