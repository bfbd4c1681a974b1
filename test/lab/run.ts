// npm run lab: a company on several nodes, its carrier and its homes, on one machine in network namespaces, under random trouble with a
// seed. Says at the end how many agents are stuck, calls lost and records missing; the exit code is 0 when there are none.
//
//   npm run lab -- --minutes 60 --seed 7 --nodes 2 --homes 6 --trouble line,media,redis,node

import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { aliasFromHash, hashNumber } from '../../src/privacy/alias.ts';
import { loadSecrets } from '../../src/secrets.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { seededRandom } from '../../src/shared/random.ts';
import type { CallRecord } from '../../src/store/records.ts';
import {
  type CallReport,
  type CarrierOrder,
  type HomeOrder,
  type HomeReport,
  onReport,
  type StallReport,
  type WatchOrder,
} from './ipc.ts';
import { clockTime, createLedger, type Ledger, type Stall, type Verdict } from './ledger.ts';
import { createNode, dialled, type LabNode, openCompany } from './nodes.ts';
import { createSites, labNeeds, type Site } from './sites.ts';
import { createTroubles, type TroubleKind, troubleKinds } from './trouble.ts';
import { createWire } from './wire.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    nodes: { type: 'string', default: '2' },
    homes: { type: 'string', default: '4' },
    trouble: { type: 'string', default: troubleKinds.join(',') },
    'calls-per-minute': { type: 'string', default: '20' },
    'trouble-per-minute': { type: 'string', default: '6' },
  },
});

const say = (line: string) => console.log(`${clockTime(Date.now())} ${line}`);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const program = (name: string) => ['--import', import.meta.resolve('tsx'), join(projectRoot, 'test/lab', name)];

async function main(): Promise<number> {
  const missing = labNeeds();
  if (missing) {
    console.error(missing);
    return 2;
  }
  const seed = Number(values.seed);
  const random = seededRandom(seed);
  const wire = createWire(seededRandom(seed + 1));
  const sites = createSites(wire);
  mkdirSync(join(tmpdir(), 'engawa-lab'), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'engawa-lab', 'run-'));
  say(`seed ${seed}, ${values.minutes} minutes; logs and data in ${folder}`);
  const closing: (() => unknown)[] = [() => wire.close(), () => sites.close()];
  try {
    const nodeSites = await Promise.all(count(values.nodes).map((n) => sites.site(`node-${n}`, 10 + n)));
    const [data, carrier] = [await sites.site('data', 2), await sites.site('carrier', 20)];
    const homes: Site[] = [];
    for (const n of count(values.homes)) homes.push(await sites.home(`home-${n}`, 100 + n));
    const company = await openCompany({ folder, data, carrier, nodes: nodeSites, agents: homes.length });
    closing.push(() => company.close());
    const redis = { child: await company.startRedis() };
    const ledger = createLedger(Date.now);
    closing.push(watchMachine(folder, ledger));
    const nodes = nodeSites.map((site) =>
      createNode(company, site, () => {
        say(`${site.name} ended by itself`);
        ledger.nodeEndedAlone(site.name);
      }),
    );
    for (const node of nodes) await node.start();
    closing.push(() => Promise.all(nodes.map((node) => node.stop())));
    say(`${nodes.length} nodes run`);

    const { aliasKey } = loadSecrets(folder, company.environment).vault;
    homes.forEach((site, index) => {
      const home = site.run(process.execPath, program('home-program.ts'), party(site));
      onReport<HomeReport>(home, (report) => ledger.desk(company.agents[index]!.login, report));
      home.stderr?.on('data', (chunk: Buffer) => say(chunk.toString().trim()));
      const urls = turned(nodes, index).map((node) => node.url);
      const order: HomeOrder = {
        kind: 'sit-down',
        urls,
        ca: company.ca,
        ...company.agents[index]!,
        toneHz: 600 + index * 70,
        seed: seed + index,
      };
      home.send(order);
    });
    const customers = carrier.run(process.execPath, program('carrier-program.ts'), party(carrier));
    customers.stderr?.on('data', (chunk: Buffer) => say(chunk.toString().trim()));
    onReport<CallReport>(customers, (report) => ledger.over(report));
    const tell = (order: CarrierOrder) => customers.send(order);

    const kinds = values.trouble
      .split(',')
      .filter((kind): kind is TroubleKind => troubleKinds.includes(kind as TroubleKind));
    const troubles = createTroubles({ kinds, random, wire, nodes, homes, company, redis, ledger, say });
    const until = Date.now() + Number(values.minutes) * 60_000;
    const callEveryMs = 60_000 / Number(values['calls-per-minute']);
    const troubleEveryMs = 60_000 / Number(values['trouble-per-minute']);
    let nextTroubleAt = Date.now() + 15_000;
    for (let number = 1; Date.now() < until; number++) {
      await pause(callEveryMs * (0.5 + random.next()));
      const up = nodes.filter((one) => one.up);
      const first = random.pick(up);
      if (first) {
        const tried = [first, ...up.filter((one) => one !== first)];
        const from = `090${String(10_000_000 + number).slice(-8)}`;
        const alias = aliasFromHash(hashNumber(from.replace('0', '+81'), aliasKey));
        ledger.placed({ number, alias, nodes: tried.map(({ name }) => name), placedAt: Date.now() });
        tell({
          kind: 'call',
          number,
          sip: tried.map(({ sip }) => sip),
          dialled: dialled.replace('+81', '0'),
          from,
          talkMs: random.integer(5_000, 60_000),
        });
      }
      if (Date.now() > nextTroubleAt) {
        nextTroubleAt = Date.now() + troubleEveryMs * (0.5 + random.next());
        troubles.one();
      }
      if (number % 20 === 0)
        say(
          `${number} calls, ${ledger.live().length} live, ${wire.dropped} of ${wire.passed + wire.dropped} packets lost`,
        );
    }
    say('calm: no new calls, no more trouble');
    await troubles.end();
    await pause(10_000);
    tell({ kind: 'hang-up-all' });
    await calm(
      () => ledger.live().length === 0 && [...ledger.desks().values()].every(({ state }) => state === 'available'),
    );
    await pause(3_000);
    const verdict = ledger.verdict(await recordsOf(company.direct));
    print(verdict, troubles.counts());
    return exitCode(verdict);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

const count = (text: string): number[] => Array.from({ length: Number(text) }, (_, index) => index + 1);
const party = (site: Site) => ({ env: { ENGAWA_PARTY_ADDRESS: site.address } });
const turned = (nodes: LabNode[], by: number) => nodes.map((_, index) => nodes[(index + by) % nodes.length]!);

/** Says at once when the machine stood still. */
function watchMachine(folder: string, ledger: Ledger): () => unknown {
  const watch = fork(join(projectRoot, 'test/lab/stall-program.ts'), {
    execArgv: ['--import', import.meta.resolve('tsx')],
  });
  onReport<StallReport>(watch, (stall) => {
    ledger.stalled(stall);
    say(describeStall(stall));
  });
  const order: WatchOrder = { folder };
  watch.send(order);
  return () => watch.kill('SIGKILL');
}

const describeStall = ({ what, from, to }: Stall) =>
  `the ${what} stood still for ${Math.round(to - from)} ms from ${clockTime(from)} on`;

async function calm(done: () => boolean): Promise<void> {
  for (let seconds = 0; seconds < 90 && !done(); seconds++) await pause(1_000);
}

async function recordsOf(url: string): Promise<CallRecord[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ record: CallRecord }>('SELECT record FROM call_records');
  await client.end();
  return rows.map(({ record }) => record);
}

function print(verdict: Verdict, troubles: Record<string, number>): void {
  const { lostThatCouldGoOn, agentsStuck } = verdict;
  say(`trouble made: ${JSON.stringify(troubles)}`);
  say(
    `${verdict.calls} calls, ${verdict.answered} answered; the longest pause in what a customer heard was ${verdict.longestPauseMs} ms`,
  );
  say(`${verdict.lostWithTheirNode} calls ended with the node that had them`);
  say(`${verdict.passedOn} calls were refused by one node and taken by the next`);
  say(`${agentsStuck.length} agents stuck ${agentsStuck.join(', ')}`);
  say(`${lostThatCouldGoOn.length} calls lost that could go on ${lostThatCouldGoOn.join('; ')}`);
  const { stalls, lostInStalls, recordsMissing, endedAlone } = verdict;
  say(`${endedAlone.length} nodes ended by themselves ${endedAlone.join(', ')}`);
  say(`${stalls.length} stalls of a second and more ${stalls.map(describeStall).join('; ')}`);
  say(`${lostInStalls.length} calls lost while the machine stood still ${lostInStalls.join('; ')}`);
  say(`missing records: ${recordsMissing.join('; ') || 'none'}`);
  say(
    `${recordsMissing.length} call records missing, ${verdict.recordsOpen} not closed, ${verdict.neverEnded} calls never ended`,
  );
}

/** 3: the program did nothing wrong, and the machine did: run it again. */
function exitCode(verdict: Verdict): number {
  const { agentsStuck, lostThatCouldGoOn, lostInStalls, recordsMissing, recordsOpen, neverEnded, endedAlone } = verdict;
  const wrong = [agentsStuck, lostThatCouldGoOn, recordsMissing, endedAlone].some(({ length }) => length > 0);
  if (wrong || recordsOpen + neverEnded > 0) return 1;
  return lostInStalls.length > 0 ? 3 : 0;
}

process.exit(await main());
