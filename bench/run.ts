// npm run bench [-- NAME …] [--repeats N] [--seconds N] [--only SCENARIO …]: measures, prints a table, writes bench/results/<date>.json.
// Figures compare only within one run on one machine. Each bench says what it could not measure, and why.
//
// Peers to compare with, already running on this machine (their CPU is read from /proc):
//   ENGAWA_BENCH_DRACHTIO=host:port:secret with ENGAWA_BENCH_DRACHTIO_SIP=host:port   drachtio-server, its control port and SIP
//   ENGAWA_BENCH_FREESWITCH=host:port:secret                                          its event socket, for drachtio-fsmrf
//   ENGAWA_BENCH_FREESWITCH_SIP=host:port, ENGAWA_BENCH_ASTERISK_SIP=host:port        their dial plans (dial-plan-media.ts)
//   ENGAWA_BENCH_REDIS=URL                                                            instead of a redis-server of the bench
// Their processes are found by these ports, or by ENGAWA_BENCH_DRACHTIO_PID, _FREESWITCH_PID, _ASTERISK_PID.

import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bench as acd } from './acd.ts';
import { bench as callSetup } from './call-setup.ts';
import { bench as encodeAndSeal } from './encode-and-seal.ts';
import { type Bench, type Figure, notMeasured } from './figures.ts';
import { bench as liveState } from './live-state.ts';
import { bench as mediaBridge } from './media-bridge.ts';
import { bench as nodeCalls } from './node-calls.ts';
import { bench as nodes } from './nodes.ts';
import { describeMachine, othersBusy } from './preflight.ts';
import { bench as sipCalls } from './sip-calls.ts';

const benches: readonly Bench[] = [sipCalls, mediaBridge, callSetup, encodeAndSeal, liveState, acd, nodes, nodeCalls];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string', multiple: true },
  },
});

function format(figure: Figure): string {
  if (figure.value === null) return `not measured: ${figure.because}`;
  const digits = figure.value >= 100 ? 0 : figure.value >= 10 ? 1 : 2;
  const spread =
    figure.repeats.length > 1 ? `  (${figure.repeats.map((each) => each.toFixed(digits)).join(', ')})` : '';
  return `${figure.value.toFixed(digits)} ${figure.unit}${spread}${figure.because ? `  ${figure.because}` : ''}`;
}

function print(name: string, figures: readonly Figure[]): void {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  process.stdout.write(`\n${name}\n`);
  for (const figure of figures) process.stdout.write(`  ${figure.name.padEnd(width)}  ${format(figure)}\n`);
}

async function main(): Promise<void> {
  const chosen = benches.filter((each) => positionals.length === 0 || positionals.includes(each.name));
  if (chosen.length === 0) throw new Error(`no such bench; there are ${benches.map((each) => each.name).join(', ')}`);
  const machine = describeMachine();
  const othersBusyBefore = await othersBusy();
  process.stdout.write(
    `${machine.model}, ${machine.cores} cores, ${machine.memoryGib} GiB, Node.js ${machine.node}, UDP receive buffers up to ` +
      `${machine.receiveBufferLimit ?? 'unknown'} bytes\n`,
  );
  if (othersBusyBefore > 0.1) {
    process.stdout.write(
      `Other programs keep ${Math.round(othersBusyBefore * 100)} % of this machine busy: delays and call rates will be worse than ` +
        'they are on a quiet one.\n',
    );
  }
  const results: Record<string, Figure[]> = {};
  for (const each of chosen) {
    const context = {
      repeats: Number(values.repeats),
      seconds: Number(values.seconds),
      ...(values.only ? { only: values.only } : {}),
      say: (line: string) => process.stderr.write(`  … ${each.name}: ${line}\n`),
    };
    results[each.name] = await each
      .run(context)
      .catch((error: unknown) => [notMeasured(each.name, '', error instanceof Error ? error.message : String(error))]);
    print(each.name, results[each.name]!);
  }
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`, folder);
  writeFileSync(
    file,
    `${JSON.stringify({ at: new Date().toISOString(), machine, othersBusyBefore, results }, null, 2)}\n`,
  );
  process.stdout.write(`\nwritten to ${file.pathname}\n`);
}

await main();
