// Builds the program in reading order and takes it down in reverse. The only place, with the commands, that knows makers.

import { join } from 'node:path';
import type { Api } from './api/api.ts';
import { openApi } from './app/api.ts';
import { openAudit } from './app/audit.ts';
import { openCallLists } from './app/call-lists.ts';
import { type Cluster, joinCluster, type Running } from './app/cluster.ts';
import { openDevices } from './app/devices.ts';
import { checkDial, checkNumber, dialRulesOf, emergencyOf, openToll } from './app/dialling.ts';
import { openEnvironment } from './app/environment.ts';
import { loadFlows } from './app/flows.ts';
import { openGuard } from './app/guard.ts';
import { logEvent } from './app/log.ts';
import { openMedia } from './app/media.ts';
import { openListeners } from './app/playback.ts';
import { openRecorder } from './app/recorder.ts';
import { openRecordingLife } from './app/recording-life.ts';
import { type AppRules, openRules } from './app/rules.ts';
import { openServices } from './app/services.ts';
import { type OpenedSip, openSip } from './app/sip.ts';
import { openRecordingServer } from './app/siprec.ts';
import { openTelephones, telephoneSettings, telephoneTexts } from './app/telephones.ts';
import { openVerification } from './app/verification.ts';
import { createCallCentre } from './call/call-centre.ts';
import { createClusterCallCentre } from './call/cluster/cluster-call-centre.ts';
import { endCallsLeftOpen } from './call/ending/left-open.ts';
import { demoNumbers } from './call/outbound/demo-numbers.ts';
import type { CallParts } from './call/parts.ts';
import { openHelpDesk } from './call/supervise/help-desk.ts';
import { questionTexts } from './call/verify/questions.ts';
import type { Config } from './config.ts';
import { createDemoCarrier, type DemoCarrier } from './demo/carrier.ts';
import { type DemoFile, ensureDemoCompany, writeDemoFile } from './demo/company.ts';
import type { MediaServer } from './media/media-server.ts';
import { createNumberVault } from './privacy/number-vault.ts';
import { createTextSealer } from './privacy/seal-text.ts';
import type { Border } from './sbc/border.ts';
import { createBorder } from './sbc/drachtio-border.ts';
import { trunkSettings } from './sbc/trunk-settings.ts';
import type { Secrets } from './secrets.ts';
import { type Clock, systemClock } from './shared/clock.ts';
import { type Closer, createCloser } from './shared/closer.ts';
import { AppError, asError } from './shared/errors.ts';
import type { Logger } from './shared/logger.ts';
import { createStore } from './store/create-store.ts';
import type { Store } from './store/store.ts';

export interface App {
  readonly url: string;
  /** What a person who starts this wants to know: where, who, and where SIP goes. */
  greeting(): string[];
  /** Reads the rules for who may take what again; mistakes are logged, and leave those of before in force. */
  reload(): Promise<void>;
  /** Takes no new calls, gives live ones the configured time, closes everything. */
  close(): Promise<void>;
}

interface Surroundings {
  log: Logger;
  clock?: Clock;
  /** Told what takes long. */
  progress?: (line: string) => void;
  /** Aborted when the program is to stop, be it started or not. */
  stop?: AbortSignal;
}

/** Starts everything. When a part cannot start, what had started is closed again and the reason is thrown. */
export async function startApp(config: Config, secrets: Secrets, surroundings: Surroundings): Promise<App> {
  const { log, clock = systemClock, progress = () => {}, stop = new AbortController().signal } = surroundings;
  const closer = createCloser((part) => log.debug({ part }, 'closing'));
  try {
    return await build(config, secrets, { log, clock, progress, closer, stop });
  } catch (thrown) {
    await closer.close().catch((err: unknown) => log.error({ err }, 'closing after a failed start'));
    throw thrown;
  }
}

interface Site {
  log: Logger;
  clock: Clock;
  progress: (line: string) => void;
  closer: Closer;
  stop: AbortSignal;
}

/** A part of the start that may wait long for somebody else. Rejects at once when the program is to stop. */
function unlessStopped<T>({ stop }: Site, part: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(new AppError('shutting-down', 'Asked to stop before it had started.'));
    stop.addEventListener('abort', stopped, { once: true });
    part.then(resolve, reject).finally(() => stop.removeEventListener('abort', stopped));
    if (stop.aborted) stopped();
  });
}

async function build(config: Config, secrets: Secrets, site: Site): Promise<App> {
  const { log, clock, closer } = site;
  const flows = await loadFlows(config);
  const store = await openStore(config, secrets, site);
  store.events.subscribe((event) => logEvent(log, event));
  const vault = createNumberVault({ rows: store.vaultRows, clock, log, keys: secrets.vault });
  const cluster = await unlessStopped(site, joinCluster(config, secrets, store, site));
  const nodeId = cluster?.live.nodeId;
  const guard = openGuard(config, { clock, log, closer, events: (cluster?.store ?? store).events });
  const sip = await openSip(config, { ...site, guard: guard.guard, ...(nodeId ? { ownName: nodeId } : {}) });
  const { media, prompts } = await openMedia(config, {
    ...site,
    sipServers: sip.servers,
    ...(nodeId ? { nodeId } : {}),
  });
  const recordings = openRecordingLife(config, store, site);
  const recorder = await openRecorder(config, store, recordings, site);
  const listeners = await openListeners(config, cluster?.store ?? store, site);
  const { border, carrier, sipUdp } = await openBorder(config, sip, media, cluster, site);

  const live = cluster ? { live: cluster.live } : {};
  const environment = await openEnvironment(config, {
    ...{ border, media, clock, log, closer, ...live },
    store: cluster?.store ?? store,
    later: { callCentre: () => callCentre, telephones: () => telephones, placeOf: (person) => places.of(person) },
  });
  const rule = environment.deviceRule;
  const telephones = await openTelephones(config, { store, closer, clock, log, vault, rule, ...live });
  const services = openServices(config, site);
  const needed = { ...site, ...services, store, vault, secrets };
  const { verification, forApi: verificationApi } = openVerification(config, needed);
  const { rules, places, reload } = openRules(config, {
    ...{ flows, clock, log, closer, store: cluster?.store ?? store },
    ...(cluster ? { mayAct: cluster.isFirst } : {}),
  });
  const { audit, auditHeads } = openAudit(config, { store, places, clock, log, closer });
  const devices = openDevices(config, { flows, places, audit, clock, log, closer, store: cluster?.store ?? store });
  const recordingLife = recordings.live(audit);
  const speakFlows = () => {
    const texts = [...flows.texts(), ...telephoneTexts(config), ...questionTexts(verification.factors)];
    void prompts.prepare(texts).catch((err: unknown) => log.warn({ err }, 'texts are not spoken in advance'));
  };
  const flowControl = await flows.follow({
    ...{ rules, clock, log, closer, store: cluster?.store ?? store },
    onChanged: speakFlows,
  });
  const toll = openToll(config, { closer, clock, log, events: (cluster?.store ?? store).events });
  const parts: CallParts = {
    clock,
    log,
    border,
    media,
    recorder,
    listeners,
    vault,
    events: store.events,
    people: store.people,
    callRecords: store.calls,
    callbackRows: store.callbacks,
    ...services,
    verification,
    telephones,
    toll,
    settings: {
      ...config.calls,
      telephone: telephoneSettings(config),
      ...emergencyOf(config),
      callbacks: config.callbacks,
      queues: config.queues,
      recordingPause: config.recording.pause,
      companyNumbers: config.company.numbers.map(({ number }) => number),
      ...(config.dialling.reason === undefined ? {} : { outboundReason: config.dialling.reason }),
      demoNumbers: config.demo,
      outsideTargets: config.transfers.outside,
      parkSlots: config.transfers.parkSlots,
      parkSeconds: config.transfers.parkSeconds,
      steps: config.steps,
    },
    rules,
    placeOf: places.of,
    provenOf: async (person) => environment.provenOf(person, await devices.provenOf(person)),
    whyNotAvailable: environment.whyNotAvailable,
    flowFor: flows.flowFor,
    startFlow: flows.start,
    reason: flows.reason,
    classes: () => flows.classes().map(({ id }) => id),
    checkDial: (typed) => checkDial(typed, config),
    checkNumber: (number) => checkNumber(number, config),
  };
  const clustered = cluster && createClusterCallCentre(parts, clusterNeeds(cluster, secrets));
  const callCentre = clustered ?? createCallCentre(parts);
  closer.add('call centre', () => callCentre.close());
  environment.begin();
  const callLists = openCallLists({
    ...{ parts, store, callCentre },
    calendars: flows.calendars,
    mayHave: (person, call) => rules.decide(person, call).allowed,
  });
  closer.add('call lists', () => callLists.work.close());
  const leftOpen = {
    ...{ calls: store.calls, events: store.events, log, startedBefore: clock.now() },
    ...(clustered ? { isRunning: clustered.isCallRunning } : {}),
  };
  const helpDesk = await openHelpDesk({
    ...{ clock, log, events: (cluster?.store ?? store).events, ownEvents: store.events },
    requests: store.helpRequests,
  });
  closer.add('help desk', () => helpDesk.close());
  void endCallsLeftOpen(leftOpen).catch((err: unknown) => log.warn({ err }, 'calls left open are not ended yet'));

  openRecordingServer(config, {
    ...{ clock, log, closer, recorder, border },
    events: store.events,
    people: store.people,
  });
  const running = (): Running => ({ callCentre: clustered!, border, url: api.url, control: sip.control });
  const api: Api = await openApi(
    config,
    secrets,
    {
      ...{
        audit,
        auditHeads,
        environment: environment.api,
        callCentre,
        border,
        media,
        recorder,
        recordings,
        recordingLife,
        listeners,
        flows,
        flowControl,
        carrier,
        telephones,
        callLists,
        helpDesk,
        vault,
        verificationApi,
      },
      ...{ rules: { rules, places, reload }, guard, devices, provenOf: parts.provenOf },
      store: cluster?.store ?? store,
      ...(cluster ? { cluster, nodes: cluster.nodes(running) } : {}),
    },
    site,
  );
  border.on('trunkState', (event) => void store.events.append({ type: 'trunk-state', ...event }));
  border.on('sipServerState', (event) => void store.events.append({ type: 'sip-server-state', ...event }));
  media.on('engineState', (event) => void store.events.append({ type: 'media-engine-state', ...event }));
  media.on('memberState', ({ member, ...event }) => {
    void store.events.append({ type: 'media-server-state', server: member, ...event });
  });
  await unlessStopped(site, rules.start());
  await unlessStopped(site, border.start());
  await api.listen();
  if (cluster) await cluster.begin(running());
  callCentre.takeUpCallbacks();
  speakFlows();

  const demo = config.demo ? await tellDemo(config, store, clock, { url: api.url, sipUdp: sipUdp() }) : undefined;
  const drainMs = config.calls.drainSeconds * 1000;
  const drain = async () => {
    const until = clock.now() + drainMs;
    await (cluster ? cluster.leave(running(), drainMs) : border.drain());
    await callCentre.drain(Math.max(0, until - clock.now()));
  };
  closer.add('live calls', drain, drainMs + endsCallsWithinMs);
  return {
    url: api.url,
    greeting: () => greet(config, api.url, sipUdp(), demo),
    close: () => closer.close(),
    reload: () => reloadRules(reload, log),
  };
}

async function reloadRules(reload: AppRules['reload'], log: Logger): Promise<void> {
  try {
    const { version, changed } = await reload(null);
    log.info({ version, changed }, 'asked to read the rules again');
  } catch (thrown) {
    log.error({ err: asError(thrown) }, 'the rules could not be read again: those of before go on');
  }
}

const borderAmongNodes = ({ registrations, live, mayRegister }: Cluster) => ({
  ...{ registrations, mayRegister },
  nodeId: live.nodeId,
});

const clusterNeeds = ({ live, callLost, aloneAfterMs }: Cluster, secrets: Secrets) => ({
  ...{ live, onCallLost: callLost, aloneAfterMs },
  sealer: createTextSealer(secrets.vault.sealingKeys, 'conversation'),
});

/** Events that wait, and then a PostgreSQL of our own (15 s). */
const storeClosesWithinMs = 25_000;
/** After the drain, calls are ended, and their recordings sealed. */
const endsCallsWithinMs = 15_000;

async function openStore(config: Config, secrets: Secrets, site: Site): Promise<Store> {
  const { log, clock, progress, closer } = site;
  const opening = createStore({
    clock,
    log,
    dataFolder: config.dataFolder,
    journalFolder: join(config.dataFolder, 'journal'),
    onProgress: progress,
    ...(config.database.kind === 'postgres' ? { url: secrets.databaseUrl } : {}),
  });
  // A PostgreSQL of our own is being made: what is begun there must come to its end.
  const store = await (config.database.kind === 'postgres' ? unlessStopped(site, opening) : opening);
  closer.add('store', () => store.close(), storeClosesWithinMs);
  await unlessStopped(site, Promise.resolve());
  return store;
}

async function openBorder(
  config: Config,
  { servers, more, udp }: OpenedSip,
  media: MediaServer,
  cluster: Cluster | undefined,
  { log, clock, closer }: Site,
): Promise<{ border: Border; carrier: DemoCarrier | undefined; sipUdp: () => string }> {
  const sipUdp = (): { host: string; port: number } | undefined =>
    udp ?? border.sipServers().flatMap(({ addresses }) => addresses.filter(({ protocol }) => protocol === 'udp'))[0];
  const callCentre = () => sipUdp() ?? { host: '127.0.0.1', port: 0 };
  const carrier = config.demo ? await createDemoCarrier({ clock, log, media, callCentre }) : undefined;
  if (carrier) closer.add('demo carrier', () => carrier.close());
  const demoTrunk = carrier
    ? [
        trunkSettings({
          name: 'demo-carrier',
          addresses: ['127.0.0.1', '::1'],
          targets: [carrier.target],
          formIn: 'national',
          formOut: 'national',
          optionsIntervalSeconds: 0,
          demo: true,
        }),
      ]
    : [];
  const border = createBorder({
    clock,
    log,
    sipServers: servers,
    ...more,
    trunks: [...config.trunks, ...demoTrunk],
    companyNumbers: [...config.company.numbers.map(({ number }) => number), ...(config.demo ? demoNumbers : [])],
    dialRules: dialRulesOf(config),
    domain: config.company.domain,
    ...(cluster ? borderAmongNodes(cluster) : {}),
  });
  closer.add('border', () => border.close());
  const told = () => {
    const address = sipUdp();
    return address ? `${address.host}:${address.port}` : '';
  };
  return { border, carrier, sipUdp: told };
}

async function tellDemo(
  config: Config,
  store: Store,
  clock: Clock,
  where: { url: string; sipUdp: string },
): Promise<DemoFile> {
  const file = join(config.dataFolder, 'demo.json');
  const demo: DemoFile = {
    url: where.url,
    sip: { udp: where.sipUdp },
    numbers: config.company.numbers.map(({ number }) => number),
    ...(await ensureDemoCompany({ store, clock, file })),
  };
  writeDemoFile(file, demo);
  return demo;
}

function greet(config: Config, url: string, sipUdp: string, demo: DemoFile | undefined): string[] {
  const numbers = config.company.numbers.map(({ number, label }) => `  ${number}  ${label.en}`);
  if (!demo) return ['', `Open ${url}`, `SIP: ${sipUdp || 'see the SIP server'}`, ...numbers];
  const people = demo.people.map(
    ({ login, role, place, password }) =>
      `  ${login.padEnd(8)} ${password}   ${role}, ${place === 'home' ? 'at home' : 'in the centre'}`,
  );
  return [
    '',
    `Open  ${url}`,
    '',
    'Sign in as',
    ...people,
    '',
    `Send SIP (UDP) to ${sipUdp}, or press “Place a test call” on the page. Numbers of the company:`,
    ...numbers,
    '',
    `The same for scripts: ${join(config.dataFolder, 'demo.json')}. Recordings open with ${join(config.dataFolder, 'recording-identity.txt')}.`,
    'Ctrl-C ends it.',
  ];
}
