// Devices and working from home, put together: their files, what routing is told, and the door that sessions come through.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { DeviceNeeds } from '../api/guard/device-door.ts';
import type { CallParts } from '../call/parts.ts';
import type { Config } from '../config.ts';
import type { Audit } from '../identity/audit/audit.ts';
import { type AccessProxies, createAccessProxies } from '../identity/devices/access-proxy.ts';
import { createCutProof } from '../identity/devices/cut-proof.ts';
import { createDeviceFacts } from '../identity/devices/device-facts.ts';
import type { DevicePolicy } from '../identity/devices/device-policy.ts';
import { createDevices } from '../identity/devices/devices.ts';
import { createDoor } from '../identity/devices/door.ts';
import { noDevicePolicy, parseDevicePolicy } from '../identity/devices/load-device-policy.ts';
import { createHomeWork, type HomeWorkInForce, hashOfText } from '../identity/home-work/home-work.ts';
import { parseHomeWork } from '../identity/home-work/load-home-work.ts';
import type { Identity } from '../identity/identity.ts';
import type { Places } from '../identity/places.ts';
import { isOpen } from '../routing/hours.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { AppError, asError } from '../shared/errors.ts';
import { createGuardedRequests } from '../shared/http/guarded-request.ts';
import type { PersonId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { YamlProblem } from '../shared/yaml/yaml-reader.ts';
import type { Store } from '../store/store.ts';
import type { AppFlows } from './flows.ts';
import { outgoingRules } from './services.ts';

export interface AppDevices {
  /** What routing is told besides what is registered. */
  provenOf: NonNullable<CallParts['provenOf']>;
  /** PEM of who signs client certificates, where our own listener asks for them. */
  clientCa: Buffer | undefined;
  /** Once people can sign in. */
  open(needs: {
    identity: Identity;
    isBusy: (personId: PersonId) => boolean;
    factsChanged: (personId: PersonId) => unknown;
    node: string;
  }): DeviceNeeds;
}

interface Site {
  store: Store;
  places: Places;
  flows: Pick<AppFlows, 'classes' | 'calendars'>;
  audit: Audit;
  clock: Clock;
  log: Logger;
  closer: Closer;
}

interface Files {
  policy: DevicePolicy;
  homeWork: HomeWorkInForce | undefined;
  proxies: AccessProxies;
}

/** Proofs grow old, hours pass and pledges end: what routing is told follows within this. */
const renewEveryMs = 30_000;
const fetchKeysWithinMs = 5000;
const mostKeysBytes = 256 * 1024;

/** Rejects with AppError 'config-invalid' when a file has a mistake. */
export function openDevices(config: Config, site: Site): AppDevices {
  const { store, places, clock, log, closer, audit } = site;
  const calendarOpen = (name: string, atMs: number) => {
    const calendar = site.flows.calendars().get(name);
    return calendar !== undefined && isOpen(calendar, atMs);
  };
  const first = readFiles(config, site);
  if (!first.files) throw new AppError('config-invalid', first.problems.map(line).join('\n'));
  let files = first.files;
  const { certificates } = files.policy;
  if (certificates?.caFile && !config.http.tls)
    throw new AppError(
      'config-invalid',
      `${config.devices.file}: client-certificates: our listener has no TLS to ask for them in: give http.tls, or name the "headers" of your reverse proxy.`,
    );
  const policy = () => files.policy;
  const facts = createDeviceFacts({ clock, store, places, policy, isOpen: calendarOpen, demo: config.demo });
  const homeWork = createHomeWork({ clock, store, audit, inForce: () => files.homeWork });

  const provenOf: AppDevices['provenOf'] = async (person) => {
    const [{ device, keptAway }, home] = await Promise.all([facts.of(person), homeWork.factsOf(person)]);
    const atHome = home?.keptAway && (await places.of(person)) !== 'centre';
    const away =
      home?.keptAway && atHome ? [{ rule: 'home-work', classAtLeast: null, words: home.keptAway.words }] : [];
    const kept = [...keptAway, ...away];
    return { device, keptAway: kept.length > 0 ? kept : undefined, ...(home ? { pledge: home.pledge } : {}) };
  };

  return {
    provenOf,
    clientCa: certificates?.caFile ? readFileSync(beside(config.devices.file, certificates.caFile)) : undefined,
    open({ identity, isBusy, factsChanged, node }) {
      const onFacts = (personId: PersonId) => void factsChanged(personId);
      const door = createDoor({
        ...{ clock, log, store, identity, audit, places, policy, isOpen: calendarOpen, isBusy, onFacts },
        accessProxies: () => files.proxies,
      });
      const proof = createCutProof({ clock, log, store, audit, node });
      door.start();
      closer.add('door', () => door.close());
      closer.add('proof of cuts', () => proof.close());
      followFacts({ door, provenOf, onFacts, clock, log, closer });
      return {
        door,
        devices: createDevices({ clock, store, identity, door, audit, onFacts }),
        policy,
        homeWork,
        cut: proof.cut,
        check: (yaml) => parseDevicePolicy(yaml, 'devices.yaml', around(config, site)).problems,
        checkHomeWork: (yaml) => parseHomeWork(yaml, 'home-work.yaml', () => true).problems,
        async reload() {
          const read = readFiles(config, site);
          for (const problem of read.problems) log.warn({ severity: problem.severity }, line(problem));
          if (read.files) files = read.files;
          else log.error('the rules for devices were read and have mistakes: those of before go on');
          door.forget();
          for (const { id } of door.present()) onFacts(id);
          return read.problems;
        },
      };
    },
  };
}

/** Tells routing what has become another without anybody doing anything. */
function followFacts(needs: {
  door: ReturnType<typeof createDoor>;
  provenOf: AppDevices['provenOf'];
  onFacts: (personId: PersonId) => void;
  clock: Clock;
  log: Logger;
  closer: Closer;
}): void {
  const { door, provenOf, onFacts, clock, log, closer } = needs;
  let told = new Map<PersonId, string>();
  let renewing = false;
  const timer = clock.every(renewEveryMs, () => {
    if (renewing) return;
    renewing = true;
    renew()
      .catch((thrown: unknown) => log.warn({ err: asError(thrown) }, 'what devices prove could not be looked at'))
      .finally(() => {
        renewing = false;
      });
  });
  closer.add('facts of devices', () => timer.cancel());

  async function renew(): Promise<void> {
    const now = new Map<PersonId, string>();
    for (const person of door.present()) {
      const proven = JSON.stringify(await provenOf(person));
      now.set(person.id, proven);
      if (told.has(person.id) && told.get(person.id) !== proven) onFacts(person.id);
    }
    told = now;
  }
}

const around = (config: Config, { flows }: Pick<Site, 'flows'>) => ({
  classes: flows.classes().map(({ id }) => id),
  calendars: [...flows.calendars().keys()],
  queues: config.queues.map(({ name }) => name),
});

function readFiles(config: Config, site: Site): { files: Files | undefined; problems: YamlProblem[] } {
  const devices = readDevices(config, site);
  const homeWork = readHomeWork(config.homeWork.file);
  const problems = [...devices.problems, ...homeWork.problems];
  if (!devices.policy || homeWork.broken) return { files: undefined, problems };
  const { clock, log } = site;
  const { send } = createGuardedRequests(outgoingRules(config.outgoing));
  const proxies = createAccessProxies({
    ...{ clock, log, proxies: devices.policy.proxies },
    async fetchKeys(keys) {
      if ('file' in keys) return readFileSync(beside(config.devices.file, keys.file), 'utf8');
      const limits = { timeoutMs: fetchKeysWithinMs, maxResponseBytes: mostKeysBytes };
      const answer = await send({ url: keys.url, method: 'GET', ...limits });
      if (answer.kind === 'answered' && answer.status === 200) return answer.body.toString('utf8');
      throw new Error(answer.kind === 'failed' ? answer.because : `HTTP ${answer.status}`);
    },
  });
  return { files: { policy: devices.policy, homeWork: homeWork.inForce, proxies }, problems };
}

function readDevices(
  config: Config,
  site: Pick<Site, 'flows'>,
): { policy: DevicePolicy | undefined; problems: YamlProblem[] } {
  const { file } = config.devices;
  if (file === undefined) return { policy: noDevicePolicy, problems: [] };
  const text = readText(file);
  if (text === undefined) return { policy: undefined, problems: [unreadable(file)] };
  const reading = parseDevicePolicy(text, file, around(config, site));
  if (!reading.ok) return { policy: undefined, problems: reading.problems };
  const { policy, problems } = reading;
  const named = [
    ...policy.proxies.flatMap(({ keys }) => ('file' in keys ? [keys.file] : [])),
    ...(policy.certificates?.caFile ? [policy.certificates.caFile] : []),
  ];
  const missing = named.map((name) => beside(file, name)).filter((path) => !existsSync(path));
  return { policy: missing.length > 0 ? undefined : policy, problems: [...problems, ...missing.map(unreadable)] };
}

function readHomeWork(file: string | undefined): {
  inForce: HomeWorkInForce | undefined;
  broken: boolean;
  problems: YamlProblem[];
} {
  if (file === undefined) return { inForce: undefined, broken: false, problems: [] };
  const text = readText(file);
  if (text === undefined) return { inForce: undefined, broken: true, problems: [unreadable(file)] };
  const textOf = (name: string) => readText(beside(file, name))?.trim();
  const reading = parseHomeWork(text, file, (name) => Boolean(textOf(name)));
  if (!reading.ok) return { inForce: undefined, broken: true, problems: reading.problems };
  const { rules, problems } = reading;
  const texts = (['ja', 'en'] as const).flatMap((language) => {
    const pledge = rules.pledge && textOf(rules.pledge.files[language]);
    return pledge ? [{ language, text: pledge, hash: hashOfText(pledge) }] : [];
  });
  return { inForce: { rules, texts }, broken: false, problems };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Told with the name of the file by who asked.
    return undefined;
  }
}

const beside = (file: string | undefined, name: string): string =>
  isAbsolute(name) || file === undefined ? name : join(dirname(file), name);

const unreadable = (file: string): YamlProblem => ({
  ...{ severity: 'error', file, line: 1, column: 1, message: 'the file is not there or cannot be read' },
});

const line = ({ file, line: at, column, message }: YamlProblem): string => `${file}:${at}:${column}: ${message}`;
