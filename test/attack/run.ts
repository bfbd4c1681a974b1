// npm run attack: the built program on loopback with honest calls going on, attacked in turn in every way that this folder knows. Says for
// each attack what was sent, what got in, what honest callers lost against a run without attack, and what a message of it cost.
// The exit code is 0 when nothing got in and no honest call was lost.
//
//   npm run attack -- --attack scanner,sip-flood --seconds 10 --json figures.json
//
// ENGAWA_TEST_DRACHTIO and ENGAWA_TEST_FREESWITCH put the program onto those servers, as in the tests.

import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../../src/shared/paths.ts';
import { type OnPath, openPath } from '../support/attack/on-path.ts';
import { numbers, startCentre, talkWith, type WholeCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { freeTcpPort } from '../support/free-port.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';
import { startCoturn } from '../support/servers/coturn.ts';
import { missing } from '../support/servers/peers.ts';
import { onOwnServer } from '../support/sip/border-rig.ts';
import type { Customer } from '../support/sip/carrier.ts';
import type { Attack, Outcome, Targets } from './attack.ts';
import { type AttackOrder, attacks } from './attacker-program.ts';
import { cpuSecondsOf } from './cpu.ts';
import { measureConversation, percentile, startProbes } from './honest.ts';
import { attackToneHz } from './media-attacks.ts';
import { printTable, type Row } from './table.ts';

const { values } = parseArgs({
  options: {
    attack: { type: 'string', default: '' },
    seconds: { type: 'string', default: '10' },
    'calls-per-second': { type: 'string', default: '4' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);

/** Undone in reverse at the end. */
const undo: (() => unknown)[] = [];
const stack = { teardown: (one: () => unknown) => void undo.push(one) };

/** Trunks beside the carrier's, for attacks that need one. */
const gateway = {
  name: 'gateway',
  digest: { user: 'gateway', password: 'nobody shall guess this one' },
  formIn: 'national',
  optionsIntervalSeconds: 0,
};

interface Scene {
  centre: WholeCentre;
  desk: RobotDesk;
  customer: Customer;
  targets: Targets;
  pid: number;
}

/** One way to set it up: as it is, with a trunk that proves itself by password, with a TURN server by which the desk is heard. */
type Kind = 'plain' | NonNullable<Attack['scene']>;
const saysOf: Record<Kind, string> = {
  plain: 'nothing',
  gateway: 'nothing (with a trunk that proves itself by password)',
  relay: 'nothing (the desk is heard by a TURN server)',
};

/** What comes by way of the TURN server comes from here: no trunk has it. */
const relayAddress = '127.66.250.1';

/** What the desk says for a moment is kept on the way: were it heard again, it would be the tone of an attack. */
async function keepSealed(path: OnPath, desk: RobotDesk, customer: Customer, agentHz: number): Promise<string[]> {
  desk.line!.media.say(attackToneHz);
  await eventually('the tone of the attack goes by', () => Math.abs((customer.hears(200)[0] ?? 0) - attackToneHz) < 40);
  const kept = path.keep();
  await pause(2000);
  const packets = kept();
  desk.line!.media.say(agentHz);
  await eventually('the desk says its own again', () => customer.hears(200).join() === String(agentHz));
  return packets.map((packet) => packet.toString('base64'));
}

async function openScene(kind: Kind): Promise<Scene> {
  const coturn = kind === 'relay' ? await startCoturn(stack, { relayAddress }) : undefined;
  const path = kind === 'plain' ? await openPath(stack) : undefined;
  const sipTcpPort = onOwnServer ? await freeTcpPort() : 0;
  const sip = { kind: 'embedded', listen: ['udp/127.0.0.1:0', `tcp/127.0.0.1:${sipTcpPort}`] };
  const carrierTrunk = {
    name: 'carrier',
    addresses: ['127.0.0.1'],
    formIn: 'national',
    formOut: 'national',
    optionsIntervalSeconds: 0,
  };
  const centre = await startCentre(stack, {
    config: {
      log: { level: 'info' },
      ...(onOwnServer ? { sip } : {}),
      ...(kind === 'gateway' ? { trunks: [carrierTrunk, gateway] } : {}),
      ...(coturn ? { turn: { urls: coturn.urls } } : {}),
    },
    ...(coturn ? { environment: { ENGAWA_TURN_SECRET: coturn.secret } } : {}),
  });
  const agentHz = 550;
  const desk = await centre.desk('taro', agentHz, { ...(path ? { path } : {}), ...(coturn ? { relayed: true } : {}) });
  const { customer } = await talkWith(centre, desk, { number: numbers.product, customerHz: 440, agentHz });
  const [insider] = centre.engawa.people.filter(({ login }) => login === 'hanako');
  const answer = customer.sip.received.find(({ status, body }) => status === 200 && body !== '');
  const offer = desk.line!.invite.body;
  const sealed = path && (await keepSealed(path, desk, customer, agentHz));
  return {
    centre,
    desk,
    customer,
    pid: centre.engawa.child.pid!,
    targets: {
      sip: centre.engawa.sip,
      sipTcpPort,
      url: centre.engawa.url,
      rtpPort: Number(/^m=audio (\d+)/m.exec(answer?.body ?? '')?.[1]),
      webrtcPort: Number(/a=candidate:.* (\d+) typ host/.exec(offer)?.[1]),
      iceName: /a=ice-ufrag:(\S+)/.exec(offer)?.[1] ?? '',
      number: numbers.product.replace('+81', '0'),
      agentId: desk.personId,
      insider: { login: 'hanako', password: insider!.password },
      ...(path && sealed ? { onPath: { sealed, asHomePort: path.asHomePort } } : {}),
      ...(coturn ? { turn: { host: coturn.host, port: coturn.port } } : {}),
    },
  };
}

/** Does `during` (or nothing) for the time of a run, and measures what honest callers notice. */
async function measure({ centre, desk, customer, targets, pid }: Scene, during: () => Promise<Outcome>) {
  const probes = await startProbes(targets.sip, targets.number, Number(values['calls-per-second']));
  await pause(500);
  probes.take();
  const calledBefore = centre.carrier.called.length;
  const conversation = measureConversation(customer, desk);
  const cpuBefore = cpuSecondsOf(pid);
  const startedAt = performance.now();
  let heard = 0;
  const ear = setInterval(() => {
    const tones = [...customer.hears(200), ...desk.hears(200)];
    if (tones.some((hz) => Math.abs(hz - attackToneHz) < 40)) heard++;
  }, 200);
  const outcome = await during();
  const lastedMs = performance.now() - startedAt;
  const cpuSeconds = cpuSecondsOf(pid) - cpuBefore;
  // What began at the end is waited for.
  await pause(1000);
  clearInterval(ear);
  const figures = conversation();
  await pause(500);
  const { setUpMs, failed } = probes.take();
  probes.close();
  const calls = centre.carrier.called.length - calledBefore;
  return {
    outcome: { ...outcome, gotIn: outcome.gotIn + heard + calls },
    lastedMs,
    cpuSeconds,
    figures,
    setUpMs,
    failed,
  };
}

function runAttack(name: string, targets: Targets): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const program = join(projectRoot, 'test/attack/attacker-program.ts');
    const child = fork(program, [], { execArgv: ['--import', import.meta.resolve('tsx')] });
    child.once('message', (told: { outcome?: Outcome; error?: string }) =>
      told.outcome ? resolve(told.outcome) : reject(new Error(told.error)),
    );
    child.once('exit', (code) => reject(new Error(`the attacker ended with ${code}`)));
    child.send({ name, targets, seconds } satisfies AttackOrder);
  });
}

type Measured = Awaited<ReturnType<typeof measure>>;

function rowOf(name: string, sends: string, measured: Measured, calm: Measured): Row {
  const { outcome, lastedMs, cpuSeconds, figures, setUpMs, failed } = measured;
  const idle = (calm.cpuSeconds / calm.lastedMs) * lastedMs;
  const cost = outcome.sent === 0 ? 0 : ((cpuSeconds - idle) / outcome.sent) * 1e6;
  return {
    name,
    sends,
    perSecond: Math.round(outcome.sent / seconds),
    sent: outcome.sent,
    answered: outcome.answered,
    gotIn: outcome.gotIn,
    calls: setUpMs.length,
    failed,
    setUpP50Ms: Math.round(percentile(setUpMs, 0.5)),
    setUpP99Ms: Math.round(percentile(setUpMs, 0.99)),
    calmP99Ms: Math.round(percentile(calm.setUpMs, 0.99)),
    calmPacketsLost: calm.figures.lost,
    calmLongestGapMs: calm.figures.longestGapMs,
    packetsLost: figures.lost,
    packets: figures.received,
    longestGapMs: figures.longestGapMs,
    mos: figures.mos,
    cpuMicrosecondsEach: Math.max(0, Math.round(cost)),
    cpuShare: Math.round((cpuSeconds / (lastedMs / 1000)) * 100),
    ...(outcome.note ? { note: outcome.note } : {}),
  };
}

/** The program has done what it does once after its start. */
async function settled(pid: number): Promise<void> {
  for (let looks = 0; looks < 30; looks++) {
    const before = cpuSecondsOf(pid);
    await pause(1000);
    if (cpuSecondsOf(pid) - before < 0.15) return;
  }
}

const quiet = async (): Promise<Outcome> => {
  await pause(seconds * 1000);
  return { sent: 0, answered: 0, gotIn: 0 };
};

async function main(): Promise<number> {
  if (values.list) {
    for (const { name, sends, perSecond } of attacks) console.log(`${name.padEnd(22)}${perSecond}/s  ${sends}`);
    return 0;
  }
  const wanted = values.attack.split(',').filter(Boolean);
  const unknown = wanted.filter((name) => !attacks.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`There is no attack ${unknown.join(', ')}; --list names all.`);
  const chosen = attacks
    .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
    .filter(({ name }) => onOwnServer || !/^(tcp-|digest)/.test(name))
    .filter(({ name, scene }) => {
      const reason = scene === 'relay' && missing('turnserver');
      if (reason) say(`${name} is left out: ${reason}`);
      return !reason;
    });
  const rows: Row[] = [];
  for (const kind of Object.keys(saysOf) as Kind[]) {
    const part = chosen.filter(({ scene = 'plain' }) => scene === kind);
    if (part.length === 0) continue;
    say('starting the program, an agent and a customer who talk');
    const scene = await openScene(kind);
    await settled(scene.pid);
    say(`without attack, ${seconds} s`);
    const calm = await measure(scene, quiet);
    rows.push(rowOf('none', saysOf[kind], calm, calm));
    for (const [index, { name, sends, perSecond }] of part.entries()) {
      say(`${index + 1} of ${part.length}: nothing for ${seconds} s, then ${name}, ${perSecond}/s`);
      // Other programs of the machine have their moments, too: each attack is held against the seconds before it.
      const before = await measure(scene, quiet);
      const measured = await measure(scene, () => runAttack(name, scene.targets));
      const row = rowOf(name, sends, measured, before);
      rows.push(row);
      say(
        `   got in ${row.gotIn}, calls failed ${row.failed} of ${row.calls + row.failed}, p99 ${row.setUpP99Ms} ms, (before: ${row.calmP99Ms} ms), RTP lost ${row.packetsLost}, MOS ${row.mos}`,
      );
    }
    const { items } = await scene.centre.engawa.get<{ items: unknown[] }>('/api/v1/blocks');
    say(`${items.length} sources are blocked`);
    scene.customer.hangUp();
    for (const one of undo.splice(0).reverse()) await one();
  }
  console.log(printTable(rows, seconds));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
  return rows.every(({ gotIn, failed }) => gotIn === 0 && failed === 0) ? 0 : 1;
}

let code = 1;
try {
  code = await main();
} catch (thrown) {
  console.error(thrown);
} finally {
  for (const one of undo.splice(0).reverse()) await one();
}
process.exit(code);
