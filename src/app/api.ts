// The API put together: what it may ask of the other rooms, and where it listens.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Api, createApi } from '../api/api.ts';
import type { FlowControl, NodesNeeds, TestCalls, VerificationNeeds } from '../api/needs.ts';
import type { CallListNeeds } from '../api/routes/calls/call-list-routes.ts';
import type { EnvironmentApi } from '../api/routes/people/environment-routes.ts';
import type { RunningCallCentre } from '../call/call-centre.ts';
import type { CallParts } from '../call/parts.ts';
import type { HelpDesk } from '../call/supervise/help-desk.ts';
import type { OwnTelephones } from '../call/telephone/own-telephones.ts';
import type { Config } from '../config.ts';
import type { DemoCarrier } from '../demo/carrier.ts';
import type { Audit, AuditActor } from '../identity/audit/audit.ts';
import type { HeadSigner } from '../identity/audit/sign-heads.ts';
import { createSoftphoneTickets } from '../identity/softphone-tickets.ts';
import type { MediaPool } from '../media/media-pool.ts';
import type { Vault } from '../privacy/vault.ts';
import type { RecordingLife } from '../recording/life/recording-life.ts';
import type { Listeners } from '../recording/playback/listeners.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { Border } from '../sbc/border.ts';
import type { Secrets } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import type { Logger } from '../shared/logger.ts';
import { projectRoot } from '../shared/paths.ts';
import type { Store } from '../store/store.ts';
import type { Cluster } from './cluster.ts';
import type { AppDevices } from './devices.ts';
import type { AppFlows } from './flows.ts';
import type { OpenedGuard } from './guard.ts';
import { openPlayback } from './playback.ts';
import { recordingsFolder } from './recorder.ts';
import type { AppRecordings } from './recording-life.ts';
import type { AppRules } from './rules.ts';
import { openSignIn } from './sign-in.ts';
import { endTurnSessions } from './turn-sessions.ts';

interface Rooms {
  audit: Audit;
  auditHeads: HeadSigner;
  environment: EnvironmentApi;
  store: Store;
  callCentre: RunningCallCentre;
  border: Border;
  media: MediaPool;
  recorder: Recorder;
  recordings: AppRecordings;
  recordingLife: RecordingLife<AuditActor>;
  listeners: Listeners;
  flows: AppFlows;
  flowControl: FlowControl;
  carrier: DemoCarrier | undefined;
  telephones: OwnTelephones;
  rules: AppRules;
  guard: OpenedGuard;
  devices: AppDevices;
  provenOf: CallParts['provenOf'];
  callLists: CallListNeeds;
  helpDesk: HelpDesk;
  vault: Vault;
  verificationApi: VerificationNeeds;
  cluster?: Cluster;
  nodes?: NodesNeeds;
}

export async function openApi(
  config: Config,
  secrets: Secrets,
  rooms: Rooms,
  { log, clock, closer }: { log: Logger; clock: Clock; closer: Closer },
): Promise<Api> {
  const { store, callCentre, border, media, recorder, flows, flowControl, carrier, telephones, callLists } = rooms;
  const { identity, signIn } = openSignIn(config, {
    ...{ clock, log, closer, store, secrets, isBusy: callCentre.isBusy, overNodes: rooms.cluster?.live },
    places: rooms.rules.places,
    audit: rooms.audit,
    classes: () => flows.classes().map(({ id }) => id),
    onAdded: (personId) => void callCentre.factsChanged(personId),
  });
  rooms.cluster?.followIdentity(identity);
  closer.add(
    'calls of ended sessions',
    identity.onSessionEnded(({ session, because }) => {
      const isLeft = async () => (await identity.sessionsOf(session.personId)).some(({ id }) => id !== session.id);
      callCentre
        .sessionOver(session, because, isLeft)
        .catch((err: unknown) =>
          log.error({ err, sessionId: session.id }, 'calls of an ended session are not settled'),
        );
    }),
  );
  if (secrets.turnSecret && config.turn.control.length > 0)
    endTurnSessions({
      ...{ clock, log, closer, identity, secret: secrets.turnSecret, credentialMinutes: config.turn.credentialMinutes },
      servers: config.turn.control,
    });
  closer.add(
    'whereabouts',
    identity.onWhereabouts((personId) => void callCentre.factsChanged(personId)),
  );
  const devices = rooms.devices.open({
    ...{ identity, factsChanged: callCentre.factsChanged },
    isBusy: (personId) => (callCentre.desk(personId)?.call ?? null) !== null,
    node: config.cluster.name ?? hostname(),
  });
  const { tls, host, port, publicUrl, trustedProxies, subdomainsOverTls } = config.http;
  const api = await createApi({
    clock,
    log,
    store,
    identity,
    signIn,
    audit: rooms.audit,
    devices,
    auditHeads: rooms.auditHeads,
    environment: rooms.environment,
    callCentre,
    ...(rooms.cluster ? { overNodes: rooms.cluster.live } : {}),
    telephones,
    flows,
    flowControl,
    callLists,
    helpDesk: rooms.helpDesk,
    verification: rooms.verificationApi,
    demo: config.demo,
    webRoot: join(projectRoot, 'dist', 'web'),
    listen: {
      host,
      port,
      ...(rooms.devices.clientCa ? { clientCa: rooms.devices.clientCa } : {}),
      ...(publicUrl ? { publicUrl } : {}),
      trustedProxies,
      subdomainsOverTls,
      ...(tls ? { tls: { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } } : {}),
    },
    company: {
      name: config.company.name,
      domain: config.company.domain,
      numbers: config.company.numbers,
      queues: config.queues,
      sites: config.policy.sites.map(({ name }) => name),
      mayDialNumbers: config.dialling.numbersAllowed,
      outsidePlaces: config.transfers.outside.map(({ name, label }) => ({ name, label })),
      steps: { factors: config.steps.factors, facts: config.steps.facts },
    },
    placeAt: rooms.rules.places.at,
    softphone: {
      sessionOf: border.softphoneSession,
      tickets: createSoftphoneTickets({ clock, key: secrets.ticketKey, overNodes: rooms.cluster?.live }),
      onReplaced: (listener) =>
        border.on('softphoneGone', ({ because, ...whose }) => {
          if (because === 'replaced') listener(whose);
        }),
      tunnelTarget: () => border.webSocketTarget,
      admit: border.admitSoftphone,
      registerExpiresSeconds: 300,
      turn: { ...config.turn, secret: secrets.turnSecret },
    },
    trunks: border.trunks,
    blocks: rooms.guard.blocks,
    ...(rooms.nodes ? { nodes: rooms.nodes } : {}),
    mediaServers: { list: media.members, drain: media.drain, resume: media.resume, engines: media.engineLoad },
    health: async () => [
      { name: 'sip', ...border.health() },
      { name: 'media', ...(await media.health()) },
      { name: 'recording', ...recorder.health() },
      { name: 'archive', ...rooms.recordings.archivist.health(), stopsNothing: true },
    ],
    recordingsFolder: recordingsFolder(config),
    playback: openPlayback(config, secrets, { clock, archive: rooms.recordings.archive, listeners: rooms.listeners }),
    reveal: {
      ...config.reveal,
      country: config.company.country,
      recall: rooms.vault.recall,
      places: rooms.rules.places,
    },
    recordings: { archive: rooms.recordings.archive, life: rooms.recordingLife },
    mailboxes: config.mailboxes,
    gauges: () => ({
      engawa_active_calls: callCentre.activeCalls(),
      engawa_help_requests_open: rooms.helpDesk.open().length,
      ...rooms.guard.gauges(),
    }),
    onPersonChanged: callCentre.factsChanged,
    policy: {
      rules: rooms.rules.rules,
      classes: flows.classes,
      check: flows.checkPolicy,
      reload: rooms.rules.reload,
      placeOf: rooms.rules.places.of,
      provenOf: rooms.provenOf,
    },
    ...(carrier ? { testCalls: testCalls(config, carrier) } : {}),
  });
  closer.add('API', () => api.close());
  return api;
}

function testCalls(config: Config, carrier: DemoCarrier): TestCalls {
  const [first] = config.company.numbers;
  return {
    // Who keys nothing hears the menu three times: over a minute, and no way to see a first call.
    place: ({ digits = '2', ...request }) =>
      carrier.placeCall({ ...request, digits, number: nationalForm(request.number ?? first?.number ?? '') }),
    byId: carrier.testCall,
  };
}

/** As a Japanese telephone would dial it. */
const nationalForm = (canonical: string): string => canonical.replace(/^\+81/, '0');
