// Customers who call into the nodes of node-calls.ts: one sipp for each node, every call from a number of its own.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freeUdpPort } from '../test/support/free-port.ts';
import { type Exit, runProgram } from './processes.ts';

export interface CallsInto {
  sip: { host: string; port: number };
  dialled: string;
  calls: number;
  perSecond: number;
  /** From the answer of the flow until the customer hangs up. */
  stayMs: number;
}

/** So many customers so far, of all sipps: a number that calls again would be put where it was in the queue. */
let customers = 0;

/** Milliseconds from INVITE to 200 of each call; rejects unless all of them ended well. */
export async function callInto(order: CallsInto): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-bench-'));
  try {
    const numbers = Array.from({ length: order.calls }, () => `090${10_000_000 + ++customers}`);
    writeFileSync(join(folder, 'numbers.csv'), `SEQUENTIAL\n${numbers.join('\n')}\n`);
    let exit = await runSipp(order, folder);
    for (let tries = 2; exit.code === portTaken && tries > 0; tries--) exit = await runSipp(order, folder);
    // What went wrong is in lines that begin with a date; the rest is a screen.
    const said = exit.output.split('\n').filter((line) => /^20\d\d-/.test(line));
    if (exit.code !== 0) throw new Error(`sipp ended with ${exit.code}: ${said.slice(-5).join('; ')}`);
    const file = readdirSync(folder).find((name) => name.endsWith('_rtt.csv'));
    if (!file) throw new Error('sipp wrote no response times');
    const rows = readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(1);
    return rows.map((row) => Number(row.split(';')[1]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What sipp ends with when it cannot bind: it wants two ports above that of its media, too, and calls nobody then. */
const portTaken = 254;

async function runSipp({ sip, dialled, calls, perSecond, stayMs }: CallsInto, folder: string): Promise<Exit> {
  const scenario = fileURLToPath(new URL('parties/customer-calls-in.xml', import.meta.url));
  const [port, mediaPort] = [await freeUdpPort(), await freeUdpPort()];
  const limitSeconds = Math.ceil(calls / perSecond + stayMs / 1000 + 40);
  const args = [
    ...[`${sip.host}:${sip.port}`, '-sf', scenario, '-inf', join(folder, 'numbers.csv'), '-s', dialled, '-nostdin'],
    ...['-i', '127.0.0.1', '-p', String(port), '-mi', '127.0.0.1', '-mp', String(mediaPort), '-rtp_echo'],
    // One call in so many milliseconds: the rate itself is a whole number.
    ...['-r', '1', '-rp', String(Math.round(1000 / perSecond)), '-m', String(calls), '-d', String(stayMs)],
    ...['-timeout', `${limitSeconds}s`, '-trace_rtt', '-rtt_freq', '1'],
  ];
  return runProgram('sipp', args, (limitSeconds + 20) * 1000, folder);
}
