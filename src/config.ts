// Configuration: defaults ← one YAML file ← environment (prefix ENGAWA_). Read here and nowhere else; the result is frozen.
// Secrets are apart, in secrets.ts, so that this can be printed.

import { readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { auditProblems } from './config/audit.ts';
import { environmentProblems } from './config/environment.ts';
import { playbackProblems } from './config/playback.ts';
import { placeProblems } from './config/policy.ts';
import { purposeProblems } from './config/purposes.ts';
import { recordingLifeProblems } from './config/recording-life.ts';
import { type Config, ConfigSchema, logLevels } from './config/schema.ts';
import { serviceProblems } from './config/services.ts';
import { signInProblems } from './config/sign-in.ts';
import { siprecProblems } from './config/siprec.ts';
import { secretFromEnvironment } from './secrets.ts';
import { AppError } from './shared/errors.ts';
import { projectRoot } from './shared/paths.ts';
import { byPlace, readYaml, type YamlPath } from './shared/yaml/yaml-reader.ts';

export type { Config } from './config/schema.ts';

/** Environment variables that override a setting; secrets are listed in secrets.ts. */
const fromEnvironment: Record<string, { path: readonly [string, string]; parse: (text: string) => unknown }> = {
  ENGAWA_HTTP_HOST: { path: ['http', 'host'], parse: String },
  ENGAWA_HTTP_PORT: { path: ['http', 'port'], parse: Number },
  ENGAWA_MEDIA_ADDRESS: { path: ['media', 'address'], parse: String },
  ENGAWA_ADVERTISED_ADDRESS: { path: ['media', 'advertisedAddress'], parse: String },
  ENGAWA_LOG_LEVEL: { path: ['log', 'level'], parse: String },
};

export interface LoadedConfig {
  config: Config;
  /** Where each part came from, a line each, for the start-up text. */
  choices: string[];
}

/** Reads and checks a file. Rejects with AppError 'config-invalid' that lists file, line, column and sentence. */
export function loadConfig(file: string, environment: NodeJS.ProcessEnv = process.env): LoadedConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('config-invalid', `${file} cannot be read. Give a configuration file with --config.`, { cause });
  }
  return parseConfig(text, file, environment);
}

export function parseConfig(text: string, file: string, environment: NodeJS.ProcessEnv = {}): LoadedConfig {
  const { value, problems: mistakes } = readYaml(text, file, ConfigSchema, sectionOf);
  if (mistakes.length > 0) {
    const lines = mistakes.sort(byPlace).map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
    throw new AppError('config-invalid', lines.join('\n'));
  }
  const config = value as Config;
  applyEnvironment(config, environment);
  readTrunkPasswords(config, environment, file);
  const problems = [...variableProblems(config), ...crossChecks(config)];
  if (problems.length > 0) throw new AppError('config-invalid', problems.map((line) => `${file}: ${line}`).join('\n'));
  return { config: deepFreeze(resolvePaths(config)), choices: choicesOf(config, environment) };
}

/** `http: "port" must be …` says where; at the top there is nothing to say. */
function sectionOf(path: YamlPath): string | undefined {
  return path.length > 1 ? path.slice(0, -1).join('.') : undefined;
}

function applyEnvironment(config: Config, environment: NodeJS.ProcessEnv): void {
  const target = config as unknown as Record<string, Record<string, unknown>>;
  for (const [variable, { path, parse }] of Object.entries(fromEnvironment)) {
    const text = environment[variable];
    if (text !== undefined) target[path[0]]![path[1]] = parse(text);
  }
}

function variableProblems(config: Config): string[] {
  const { port } = config.http;
  const problems: string[] = [];
  if (!Number.isInteger(port) || port < 0 || port > 65_535) problems.push('ENGAWA_HTTP_PORT must be 0 to 65535.');
  if (!logLevels.includes(config.log.level)) problems.push(`ENGAWA_LOG_LEVEL must be one of: ${logLevels.join(', ')}.`);
  return problems;
}

/** `password: env:NAME` takes it from the environment, so that the file holds no secret. */
function readTrunkPasswords(config: Config, environment: NodeJS.ProcessEnv, file: string): void {
  for (const trunk of config.trunks) {
    for (const holder of [trunk.digest, trunk.register, trunk.credentials]) {
      const variable = holder?.password.startsWith('env:') ? holder.password.slice(4) : undefined;
      if (!holder || variable === undefined) continue;
      const password = secretFromEnvironment(variable, environment);
      if (!password)
        throw new AppError(
          'secret-missing',
          `${file}: trunk “${trunk.name}” takes its password from ${variable}, which is not set.`,
        );
      holder.password = password;
    }
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
const isEveryAddress = (host: string): boolean => host === '0.0.0.0' || host === '::';

function crossChecks(config: Config): string[] {
  const problems: string[] = [];
  if (!isLoopback(config.http.host) && !config.http.tls)
    problems.push(`http.host is ${config.http.host}, beyond loopback: http.tls needs certFile and keyFile.`);
  if (config.demo && !isLoopback(config.http.host))
    problems.push('demo: true binds to loopback only. Leave http.host at 127.0.0.1, or set demo: false.');
  if (config.sip.kind === 'embedded') {
    const { listen, tls } = config.sip;
    if (listen.some((address) => address.startsWith('tls/')) && !tls)
      problems.push('sip.listen has a tls/ address: sip.tls needs certFile and keyFile.');
    if (config.demo && listen.some((address) => !isLoopback(hostOf(address))))
      problems.push('demo: true binds to loopback only, but sip.listen has another address.');
  } else {
    if (config.sip.servers.length === 0) problems.push('sip.servers is empty: name at least one drachtio-server.');
    const names = config.sip.servers.map(({ name, host, port }) => name ?? `${host}:${port}`);
    for (const twice of names.filter((name, index) => names.indexOf(name) !== index))
      problems.push(`sip.servers: “${twice}” is there twice.`);
  }
  if (!config.demo && config.recording.recipients.length === 0)
    problems.push(
      'recording.recipients is empty: every call is recorded sealed, so name at least one age1… public key (make one with: engawa recording keygen).',
    );
  if (config.liveState.kind === 'redis') {
    if (config.sip.kind === 'embedded' && !config.sip.control)
      problems.push(
        'liveState.kind is redis: set sip.control.listen, so that other nodes reach the softphones of this one.',
      );
    if (config.database.kind === 'embedded')
      problems.push('liveState.kind is redis: several nodes need one PostgreSQL, so set database.kind to postgres.');
  }
  problems.push(...diallingProblems(config));
  const names = config.queues.map((queue) => queue.name);
  for (const twice of names.filter((name, index) => names.indexOf(name) !== index))
    problems.push(`queues: “${twice}” is there twice.`);
  problems.push(
    ...mediaProblems(config.media),
    ...serviceProblems(config),
    ...placeProblems(config),
    ...signInProblems(config),
  );
  problems.push(...environmentProblems(config));
  problems.push(...playbackProblems(config), ...purposeProblems('reveal.purposes', config.reveal.purposes));
  problems.push(...siprecProblems(config));
  problems.push(...auditProblems(config));
  problems.push(...recordingLifeProblems(config));
  const { taps } = config.recording;
  if (taps && (taps.certFile === undefined) !== (taps.keyFile === undefined))
    problems.push('recording.taps needs certFile and keyFile, or neither.');
  if (taps && !taps.certFile && !isLoopback(hostOf(`/${taps.listen}`)))
    problems.push('recording.taps.listen is beyond loopback: recording.taps needs certFile and keyFile.');
  if (config.turn.relayOnly && !config.turn.urls.some((url) => url.startsWith('turn')))
    problems.push('turn.relayOnly is true, but turn.urls has no turn: or turns: address: no desk could be heard.');
  return problems;
}

function diallingProblems({ company, telephones, dialling, trunks }: Config): string[] {
  const numbers = company.numbers.map(({ number }) => number);
  const problems = (
    [
      ['telephones.presentedNumber', telephones.presentedNumber],
      ['dialling.emergencyPresentedNumber', dialling.emergencyPresentedNumber],
    ] as const
  ).flatMap(([setting, number]) =>
    number === undefined || numbers.includes(number) ? [] : [`${setting} must be one of company.numbers.`],
  );
  const { emergencyTrunk, caps } = dialling;
  if (emergencyTrunk !== undefined && !trunks.some(({ name }) => name === emergencyTrunk))
    problems.push(`dialling.emergencyTrunk is “${emergencyTrunk}”, but there is no trunk of that name.`);
  for (const { name, calls, minutes, cost } of caps)
    if (calls === undefined && minutes === undefined && cost === undefined)
      problems.push(`dialling.caps: “${name}” limits nothing: give it calls, minutes or cost.`);
  return problems;
}

function mediaProblems(media: Config['media']): string[] {
  const problems: string[] = [];
  if (media.kind === 'freeswitch') {
    const names = media.servers.map(({ name, host, port }) => name ?? `${host}:${port}`);
    for (const twice of names.filter((name, index) => names.indexOf(name) !== index))
      problems.push(`media.servers: “${twice}” is there twice.`);
    const host = hostOf(`/${media.listen}`);
    if (isEveryAddress(host) && !media.advertisedAddress)
      problems.push(
        `media.listen is ${media.listen}: set media.advertisedAddress to where FreeSWITCH reaches this program.`,
      );
    return problems;
  }
  const { address, publicAddress, rtpPorts } = media;
  if (isEveryAddress(address) && !publicAddress)
    problems.push(
      `media.address is ${address}, which no peer can send to: set media.publicAddress to the one to offer.`,
    );
  if (rtpPorts.from >= rtpPorts.to)
    problems.push(`media.rtpPorts: from (${rtpPorts.from}) must be below to (${rtpPorts.to}).`);
  return problems;
}

function mediaChoice(media: Config['media']): string {
  if (media.kind === 'freeswitch')
    return `FreeSWITCH at ${media.servers.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
  const { engines, address, rtpPorts } = media;
  return `embedded, ${engines} process${engines === 1 ? '' : 'es'}, RTP ${address}:${rtpPorts.from}-${rtpPorts.to}`;
}

export const hostOf = (listen: string): string => listen.slice(listen.indexOf('/') + 1, listen.lastIndexOf(':'));

function resolvePaths(config: Config): Config {
  const below = (base: string, path: string) => (isAbsolute(path) ? path : resolve(base, path));
  const dataFolder = below(process.cwd(), config.dataFolder);
  return {
    ...config,
    dataFolder,
    recording: { ...config.recording, folder: below(dataFolder, config.recording.folder ?? 'recordings') },
    audit: {
      ...config.audit,
      headsFile: below(dataFolder, config.audit.headsFile ?? join('audit', 'heads.ndjson')),
    },
    flows: {
      ...config.flows,
      folder: below(projectRoot, config.flows.folder),
      reasons: below(projectRoot, config.flows.reasons),
      ...(config.flows.calendars ? { calendars: below(projectRoot, config.flows.calendars) } : {}),
    },
    policy: {
      ...config.policy,
      ...(config.policy.file ? { file: below(projectRoot, config.policy.file) } : {}),
    },
    devices: config.devices.file ? { file: below(projectRoot, config.devices.file) } : {},
    homeWork: config.homeWork.file ? { file: below(projectRoot, config.homeWork.file) } : {},
  };
}

function choicesOf(config: Config, environment: NodeJS.ProcessEnv): string[] {
  const database =
    config.database.kind === 'embedded'
      ? 'embedded (no database: in the configuration)'
      : 'PostgreSQL (ENGAWA_DATABASE_URL)';
  if (config.database.kind === 'postgres' && !isGiven(environment, 'ENGAWA_DATABASE_URL'))
    throw new AppError('secret-missing', 'database.kind is postgres: set ENGAWA_DATABASE_URL.');
  if (config.liveState.kind === 'redis' && !isGiven(environment, 'ENGAWA_REDIS_URL'))
    throw new AppError('secret-missing', 'liveState.kind is redis: set ENGAWA_REDIS_URL, such as redis://host:6379.');
  if (config.turn.urls.some((url) => url.startsWith('turn')) && !isGiven(environment, 'ENGAWA_TURN_SECRET'))
    throw new AppError(
      'secret-missing',
      'turn.urls has a TURN server: set ENGAWA_TURN_SECRET to its static-auth-secret (32 random bytes or more).',
    );
  return [
    `SIP server: ${config.sip.kind === 'embedded' ? `embedded, ${config.sip.listen.join(', ')}` : `drachtio-server at ${config.sip.servers.map(({ host, port }) => `${host}:${port}`).join(', ')}`}`,
    `media: ${mediaChoice(config.media)}`,
    `database: ${database}`,
    `live state: ${config.liveState.kind === 'memory' ? 'memory (one node)' : 'Redis (ENGAWA_REDIS_URL)'}`,
    `speech: ${config.speech.kind}`,
    ...(config.turn.urls.length > 0
      ? [`TURN: ${config.turn.urls.join(', ')}${config.turn.relayOnly ? ' (desks use nothing else)' : ''}`]
      : []),
  ];
}

/** By itself or as a file: secrets.ts reads both. */
const isGiven = (environment: NodeJS.ProcessEnv, name: string): boolean =>
  Boolean(environment[name] || environment[`${name}_FILE`]);

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
