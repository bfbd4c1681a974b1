// CPU of the media server per bridged G.711 call and second, and what its relay adds to the packets' way: plain RTP on both
// sides, and DTLS-SRTP on one; each also with both channels handed to a recorder over a WebSocket (a sink that throws them away,
// whose own cost is told apart; encode-and-seal.ts measures the recorder). On the embedded media server, and on FreeSWITCH when ENGAWA_BENCH_FREESWITCH says where it is.
//
// A run counts when the whole load was sent, 99.5 % of it came through and every party heard something; its delays count when
// the load itself was sent in time.

import { type Bench, type BenchContext, type Figure, notMeasured, Repeats } from './figures.ts';
import { freeswitchAddress, freeswitchMedia } from './freeswitch-media.ts';
import { type BenchEndpoint, type BenchMedia, embeddedMedia } from './media-makers.ts';
import type { LoadReport, LoadRequest } from './parties/rtp-load.ts';
import { cannotOpen } from './preflight.ts';
import { type Child, cpuMsOf, startChild } from './processes.ts';

const calls = 50;
const settleMs = 3000;

interface Scenario {
  name: string;
  agent: 'rtp' | 'webrtc';
  recorded: boolean;
}

const scenarios: readonly Scenario[] = [
  { name: 'RTP↔RTP', agent: 'rtp', recorded: false },
  { name: 'RTP↔RTP, recorded', agent: 'rtp', recorded: true },
  { name: 'RTP↔DTLS-SRTP', agent: 'webrtc', recorded: false },
  { name: 'RTP↔DTLS-SRTP, recorded', agent: 'webrtc', recorded: true },
];

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const ask = <T>(load: Child, request: LoadRequest) => load.ask<T>(request);

async function startLoad(): Promise<Child> {
  return (await startChild('rtp-load.ts', { do: 'hello' })).child;
}

async function placeCalls(media: BenchMedia, load: Child, scenario: Scenario, tapPort: number): Promise<void> {
  for (let call = 0; call < calls; call++) {
    const customer = await connectParty(media, load, 'rtp', call);
    const agent = await connectParty(media, load, scenario.agent, call);
    await customer.bridge(agent);
    if (scenario.recorded) await customer.tap(`ws://127.0.0.1:${tapPort}/${call}`);
  }
}

/** An endpoint of the media server for a new party of the load. */
async function connectParty(
  media: BenchMedia,
  load: Child,
  kind: 'rtp' | 'webrtc',
  call: number,
): Promise<BenchEndpoint> {
  const { index, sdp } = await ask<{ index: number; sdp: string }>(load, {
    do: 'add',
    kind,
    trickle: media.takesTrickle,
  });
  const endpoint = await media.connect(sdp, call);
  await ask(load, { do: 'answer', index, sdp: endpoint.answer });
  return endpoint;
}

/** Why the load was not what it should be, or undefined. */
function invalid(report: LoadReport, seconds: number): string | undefined {
  if (report.deaf > 0) return `${report.deaf} of ${calls * 2} parties heard nothing`;
  if (report.received < report.sent * 0.995) {
    return `only ${report.received} of ${report.sent} packets came through`;
  }
  const whole = calls * 2 * 50 * seconds;
  if (report.sent < whole * 0.99) return `only ${report.sent} of ${whole} packets were sent: this machine is too busy`;
  return undefined;
}

/** Why the delays say nothing of the relay, though the load was whole: the load itself went out late. */
function untimely(report: LoadReport): string | undefined {
  if (report.latenessUs.p99 <= 10_000) return undefined;
  return `the load itself was sent ${(report.latenessUs.p99 / 1000).toFixed(0)} ms late (p99): this machine is too busy`;
}

async function measureWindow(load: Child, seconds: number, pids: readonly number[]) {
  await ask(load, { do: 'count', on: true });
  const before = pids.map(cpuMsOf);
  const startedAt = performance.now();
  await wait(seconds * 1000);
  const took = (performance.now() - startedAt) / 1000;
  const cpu = pids.map((pid, i) => (cpuMsOf(pid) - before[i]!) / calls / took);
  return { cpu, report: await ask<LoadReport>(load, { do: 'count', on: false }) };
}

function addTransit(repeats: Repeats, name: string, report: LoadReport): void {
  repeats.add(`${name}: way through, p50`, 'ms', report.transitUs.p50 / 1000);
  repeats.add(`${name}: way through, p99`, 'ms', report.transitUs.p99 / 1000);
  repeats.add(`${name}: way through, p99.9`, 'ms', report.transitUs.p999 / 1000);
}

/** The same load without a relay: what the kernel and the measuring process take themselves. */
async function measureDirect(context: BenchContext): Promise<Figure[]> {
  const name = 'no relay';
  const repeats = new Repeats();
  for (let repeat = 0; repeat < context.repeats && !repeats.refused; repeat++) {
    context.say(`${name}, repeat ${repeat + 1}`);
    const load = await startLoad();
    try {
      for (let call = 0; call < calls; call++) {
        const first = await ask<{ index: number }>(load, { do: 'add', kind: 'rtp' });
        const second = await ask<{ index: number }>(load, { do: 'add', kind: 'rtp' });
        await ask(load, { do: 'direct', first: first.index, second: second.index });
      }
      await ask(load, { do: 'begin' });
      await wait(settleMs);
      const { report } = await measureWindow(load, context.seconds, []);
      const because = invalid(report, context.seconds) ?? untimely(report);
      if (because) repeats.refuse(because);
      addTransit(repeats, name, report);
    } finally {
      await load.stop();
    }
  }
  return repeats.figures({ name: `${name}: way through`, unit: 'ms' });
}

async function measureScenario(
  label: string,
  make: () => Promise<BenchMedia>,
  scenario: Scenario,
  context: BenchContext,
): Promise<Figure[]> {
  const name = `${label}, ${scenario.name}, ${calls} calls`;
  const repeats = { cpu: new Repeats(), delay: new Repeats() };
  const { child: sink, ready } = await startChild<{ port: number }>('tap-sink.ts', 'start');
  try {
    for (let repeat = 0; repeat < context.repeats && !repeats.cpu.refused; repeat++) {
      context.say(`${name}, repeat ${repeat + 1}`);
      await oneRepeat(make, scenario, name, context, repeats, { sink, port: ready.port }).catch((error: unknown) => {
        repeats.cpu.refuse(error instanceof Error ? error.message : String(error));
      });
    }
  } finally {
    await sink.stop();
  }
  const cpu = repeats.cpu.figures({ name: `${name}: media server`, unit: 'ms CPU per call-second' });
  if (repeats.cpu.refused) return cpu;
  return [...cpu, ...repeats.delay.figures({ name: `${name}: way through`, unit: 'ms' })];
}

async function oneRepeat(
  make: () => Promise<BenchMedia>,
  scenario: Scenario,
  name: string,
  context: BenchContext,
  repeats: { cpu: Repeats; delay: Repeats },
  tap: { sink: Child; port: number },
): Promise<void> {
  const load = await startLoad();
  const media = await make();
  try {
    await placeCalls(media, load, scenario, tap.port);
    await ask(load, { do: 'begin' });
    // DTLS comes up and the engine's hot code is compiled.
    await wait(settleMs);
    const { cpu, report } = await measureWindow(load, context.seconds, [media.pid, tap.sink.pid]);
    const because = invalid(report, context.seconds) ?? (await tapsArrived(scenario, tap.sink));
    if (because) repeats.cpu.refuse(because);
    const late = untimely(report);
    if (late) repeats.delay.refuse(late);
    repeats.cpu.add(`${name}: media server`, 'ms CPU per call-second', cpu[0]!);
    if (scenario.recorded) repeats.cpu.add(`${name}: the sink of the tap`, 'ms CPU per call-second', cpu[1]!);
    addTransit(repeats.delay, name, report);
  } finally {
    await media.close();
    await load.stop();
  }
}

async function tapsArrived(scenario: Scenario, sink: Child): Promise<string | undefined> {
  if (!scenario.recorded) return undefined;
  const { bytes } = await sink.ask<{ bytes: number }>('counts');
  const least = calls * 8000 * 4;
  return bytes < least
    ? `the taps handed over ${bytes} bytes in all, which is less than a second of each call`
    : undefined;
}

export const bench: Bench = {
  name: 'media-bridge',
  async run(context) {
    const obstacle = cannotOpen(calls * 8);
    if (obstacle) return [notMeasured('all', '', obstacle)];
    const figures = await measureDirect(context);
    for (const scenario of scenarios)
      figures.push(...(await measureScenario('engawa', embeddedMedia, scenario, context)));
    const address = freeswitchAddress();
    if (typeof address === 'string') return [...figures, notMeasured('FreeSWITCH', 'ms CPU per call-second', address)];
    const make = () => freeswitchMedia(address);
    for (const scenario of scenarios) figures.push(...(await measureScenario('FreeSWITCH', make, scenario, context)));
    return figures;
  },
};
