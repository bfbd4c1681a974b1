// Checks of this machine: the runtime, flows, ports, folders, keys, trunks and speech.

import { createSocket } from 'node:dgram';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { loadFlows } from '../../app/flows.ts';
import { type Config, hostOf } from '../../config.ts';
import { createSpeech } from '../../media/speech.ts';
import { createSealer } from '../../recording/sealing.ts';
import { explain } from '../explain.ts';
import { error, type Finding, isAtLeast, ok, type Patient, warning } from './finding.ts';

export function checkRuntime(): Finding[] {
  const { node } = process.versions;
  return [
    isAtLeast(node, '20.19') ? ok(`Node.js ${node}.`) : error(`Node.js ${node} is too old: install 20.19 or later.`),
  ];
}

export async function checkFlows({ config }: Patient): Promise<Finding[]> {
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

interface WantedPort {
  what: string;
  protocol: 'udp' | 'tcp';
  host: string;
  port: number;
}

function wantedPorts({ http, sip, media }: Config): WantedPort[] {
  const wanted: WantedPort[] = [{ what: 'http', protocol: 'tcp', host: http.host, port: http.port }];
  if (media.kind === 'embedded')
    wanted.push(
      { what: 'first RTP port', protocol: 'udp', host: media.address, port: media.rtpPorts.from },
      { what: 'WebRTC port', protocol: 'udp', host: media.address, port: media.webrtcPort },
    );
  else if (placeOf(`tcp/${media.listen}`).port !== 0)
    for (const index of media.servers.keys()) {
      const { host, port } = placeOf(`tcp/${media.listen}`);
      wanted.push({ what: 'FreeSWITCH dials us', protocol: 'tcp', host, port: port + index });
    }
  const sipAddresses = sip.kind === 'embedded' ? sip.listen : [];
  for (const address of sipAddresses)
    wanted.push({ what: 'SIP', protocol: address.startsWith('udp/') ? 'udp' : 'tcp', ...placeOf(address) });
  if (sip.kind === 'embedded' && sip.control)
    wanted.push({ what: 'SIP control', protocol: 'tcp', ...placeOf(`tcp/${sip.control.listen}`) });
  if (sip.kind === 'drachtio' && sip.listen)
    wanted.push({ what: 'drachtio dials us', protocol: 'tcp', ...placeOf(`tcp/${sip.listen}`) });
  return wanted.filter(({ port }) => port !== 0);
}

const placeOf = (address: string) => ({
  host: hostOf(address),
  port: Number(address.slice(address.lastIndexOf(':') + 1)),
});

export async function checkPorts({ config, running }: Patient): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { what, protocol, host, port } of wantedPorts(config)) {
    const code = await tryBind(protocol, host, port);
    const where = `${protocol} ${host}:${port} (${what})`;
    // An RTP port is taken by a call only.
    if (running && what !== 'first RTP port')
      findings.push(
        code === 'EADDRINUSE'
          ? ok(`${where} is taken, as it should be while Engawa runs.`)
          : error(`${where} is not taken although Engawa should run: look at its log.`),
      );
    else findings.push(judgeBind(where, code));
  }
  return findings;
}

function judgeBind(where: string, code: string | undefined): Finding {
  if (code === undefined) return ok(`${where} is free.`);
  if (code === 'EADDRINUSE')
    return error(
      `${where} is taken by another program; stop it or choose another port. (Does Engawa run? Then say --running.)`,
    );
  if (code === 'EADDRNOTAVAIL') return error(`${where}: this machine does not have that address.`);
  if (code === 'EACCES') return error(`${where} needs a right that this user does not have; choose a port above 1023.`);
  return error(`${where} cannot be bound: ${code}.`);
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

export function checkFolders({ config }: Patient): Finding[] {
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

export function checkRecordingKeys({ config }: Patient): Finding[] {
  const { recipients } = config.recording;
  if (recipients.length === 0) return [ok('The demo makes a key of its own for recordings.')];
  createSealer(recipients);
  return [ok(`Recordings are sealed to ${recipients.length} public key${recipients.length === 1 ? '' : 's'}.`)];
}

export function checkTrunks({ config }: Patient): Finding[] {
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

export async function checkSpeech({ config }: Patient): Promise<Finding[]> {
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
