// `engawa doctor`: looks at an installation from the inside and says what is wrong, in sentences. Changes nothing but a
// file that it writes and removes to see whether the disk takes it. Exit code 1 when something would keep calls from working.

import { X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { parseArgs } from 'node:util';
import { loadFlows } from '../app-flows.ts';
import { type Config, hostOf, loadConfig } from '../config.ts';
import { createSpeech } from '../media/speech.ts';
import { createSealer } from '../recording/sealing.ts';
import { loadSecrets } from '../secrets.ts';
import { projectRoot } from '../shared/paths.ts';
import { probeDatabase } from '../store/probe.ts';
import { explain } from './explain.ts';

const help = `Usage: engawa doctor --config FILE

Checks the configuration, flows, ports, certificates, folders, disk space, recording keys, speech and database.
Run it while Engawa is stopped: ports that Engawa holds itself are reported as taken.`;

type Finding = { level: 'ok' | 'warning' | 'error'; sentence: string };
type Check = (config: Config) => Promise<Finding[]> | Finding[];

const ok = (sentence: string): Finding => ({ level: 'ok', sentence });
const warning = (sentence: string): Finding => ({ level: 'warning', sentence });
const error = (sentence: string): Finding => ({ level: 'error', sentence });

export async function run(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const file = values.config ?? join(projectRoot, 'config', 'demo.yaml');
  let config: Config;
  try {
    config = loadConfig(file).config;
    print(ok(`${file} is understood.`));
  } catch (thrown) {
    print(error(explain(thrown)));
    return 1;
  }
  const checks: Check[] = [runtime, flows, ports, certificates, folders, recordingKeys, trunks, speech, database];
  let errors = 0;
  for (const check of checks) {
    for (const finding of await findingsOf(check, config)) {
      print(finding);
      if (finding.level === 'error') errors += 1;
    }
  }
  console.log(errors === 0 ? '\nCalls can be taken.' : `\n${errors} thing${errors === 1 ? '' : 's'} to mend.`);
  return errors === 0 ? 0 : 1;
}

function print({ level, sentence }: Finding): void {
  console.log(`${{ ok: 'ok     ', warning: 'warning', error: 'error  ' }[level]}  ${sentence}`);
}

async function findingsOf(check: Check, config: Config): Promise<Finding[]> {
  try {
    return await check(config);
  } catch (thrown) {
    return [error(explain(thrown))];
  }
}

function runtime(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return [
    enough
      ? ok(`Node.js ${process.versions.node}.`)
      : error(`Node.js ${process.versions.node} is too old: install 20.19 or later.`),
  ];
}

async function flows(config: Config): Promise<Finding[]> {
  const loaded = await loadFlows(config);
  const { problems } = await loaded.reload();
  const told = problems.map((problem) => {
    const text = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
    return problem.severity === 'error' ? error(text) : warning(text);
  });
  const numbers = config.company.numbers.length;
  return [
    ...told,
    numbers > 0
      ? ok(`Flows: ${loaded.list().length}; numbers that they answer: ${numbers}.`)
      : warning('company.numbers is empty: no call can come in.'),
  ];
}

async function ports(config: Config): Promise<Finding[]> {
  const wanted: { what: string; protocol: 'udp' | 'tcp'; host: string; port: number }[] = [
    { what: 'http', protocol: 'tcp', host: config.http.host, port: config.http.port },
    { what: 'first RTP port', protocol: 'udp', host: config.media.address, port: config.media.rtpPorts.from },
    { what: 'WebRTC port', protocol: 'udp', host: config.media.address, port: config.media.webrtcPort },
  ];
  if (config.sip.kind === 'embedded') {
    for (const address of config.sip.listen) {
      const protocol = address.startsWith('udp/') ? 'udp' : 'tcp';
      wanted.push({
        what: 'SIP',
        protocol,
        host: hostOf(address),
        port: Number(address.slice(address.lastIndexOf(':') + 1)),
      });
    }
  }
  const findings: Finding[] = [];
  for (const { what, protocol, host, port } of wanted.filter((one) => one.port !== 0)) {
    const code = await tryBind(protocol, host, port);
    const where = `${protocol} ${host}:${port} (${what})`;
    if (code === undefined) findings.push(ok(`${where} is free.`));
    else if (code === 'EADDRINUSE')
      findings.push(error(`${where} is taken by another program; stop it or choose another port.`));
    else if (code === 'EADDRNOTAVAIL') findings.push(error(`${where}: this machine does not have that address.`));
    else if (code === 'EACCES')
      findings.push(error(`${where} needs a right that this user does not have; choose a port above 1023.`));
    else findings.push(error(`${where} cannot be bound: ${code}.`));
  }
  return findings;
}

function tryBind(protocol: 'udp' | 'tcp', host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (protocol === 'udp') {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      socket.once('error', (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
      socket.bind(port, host, () => socket.close(() => resolve(undefined)));
      return;
    }
    const server = createServer();
    server.once('error', (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

function certificates(config: Config): Finding[] {
  const sipTls = config.sip.kind === 'embedded' ? config.sip.tls : undefined;
  const pairs = [
    ...(config.http.tls ? [{ what: 'http.tls', ...config.http.tls }] : []),
    ...(sipTls ? [{ what: 'sip.tls', ...sipTls }] : []),
  ];
  if (pairs.length === 0) return [ok('No certificate is needed: everything is on loopback or behind another program.')];
  return pairs.map(({ what, certFile, keyFile }) => {
    const cert = readFileSync(certFile);
    createSecureContext({ cert, key: readFileSync(keyFile) });
    const daysLeft = Math.floor((Date.parse(new X509Certificate(cert).validTo) - Date.now()) / 86_400_000);
    if (daysLeft < 0) return error(`${what}: ${certFile} ran out ${-daysLeft} days ago; renew it.`);
    if (daysLeft < 21) return warning(`${what}: ${certFile} runs out in ${daysLeft} days.`);
    return ok(`${what}: ${certFile} fits its key and is good for ${daysLeft} days.`);
  });
}

function folders(config: Config): Finding[] {
  const recordings = config.recording.folder ?? join(config.dataFolder, 'recordings');
  return [config.dataFolder, recordings].flatMap((folder) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const probe = join(folder, `.doctor-${process.pid}`);
    try {
      writeFileSync(probe, 'x', { flag: 'wx' });
      rmSync(probe);
    } catch (thrown) {
      return [error(`${folder} cannot be written: ${explain(thrown)}`)];
    }
    const { bavail, bsize } = statfsSync(folder);
    const gigabytes = (bavail * bsize) / 1e9;
    const space = `${folder} can be written; ${gigabytes.toFixed(1)} GB are free`;
    return [
      gigabytes < 2
        ? warning(`${space}: about ${Math.floor((gigabytes * 1e9) / 10.8e6)} hours of recording.`)
        : ok(`${space}.`),
    ];
  });
}

function recordingKeys(config: Config): Finding[] {
  const { recipients } = config.recording;
  if (recipients.length === 0) return [ok('The demo makes a key of its own for recordings.')];
  createSealer(recipients);
  return [ok(`Recordings are sealed to ${recipients.length} public key${recipients.length === 1 ? '' : 's'}.`)];
}

function trunks(config: Config): Finding[] {
  if (config.trunks.length === 0 && !config.demo)
    return [warning('trunks is empty: no carrier can call, and nobody can be called.')];
  return config.trunks.flatMap((trunk) => {
    const findings: Finding[] = [];
    if (trunk.addresses.length === 0 && !trunk.digest && !trunk.register)
      findings.push(warning(`trunk “${trunk.name}” recognises no caller: give addresses, digest or register.`));
    if (trunk.targets.length === 0) findings.push(warning(`trunk “${trunk.name}” has no targets: inbound only.`));
    return findings.length > 0 ? findings : [ok(`trunk “${trunk.name}” is complete.`)];
  });
}

async function speech(config: Config): Promise<Finding[]> {
  const { speech: voice } = config;
  const [command = '', ...args] = voice.kind === 'command' ? voice.command : [];
  const speaker = createSpeech(voice.kind === 'command' ? { kind: 'command', command, args } : voice);
  try {
    await speaker.speak('いち', 'ja');
    return [ok(`Texts are spoken (${voice.kind}).`)];
  } finally {
    await speaker.close();
  }
}

async function database(config: Config): Promise<Finding[]> {
  const { databaseUrl } = loadSecrets(config.dataFolder);
  if (config.database.kind === 'embedded' || !databaseUrl) return [ok('The database is the embedded one.')];
  return [ok(`PostgreSQL answers: ${await probeDatabase(databaseUrl)}.`)];
}
