// CPU of the media server per bridged G.711 call and second, and what its relay adds to the packets' way: plain RTP on both
// sides, and DTLS-SRTP on one; each also with both channels handed to a recorder over a WebSocket (a sink that throws them away,
// whose own cost is told apart; encode-and-seal.ts measures the recorder). On the embedded media server; on FreeSWITCH through
// drachtio-fsmrf, and on the dial plans of FreeSWITCH and Asterisk, when run.ts is told where they are. They take turns, so that
// what else happens on the machine happens to all of them.
//
// A round counts when on every side the whole load was sent, 99.5 % of it came through and every party heard something; its
// delays count when the load itself was sent in time.

import { dialPlanAddress, dialPlanMedia } from './dial-plan-media.ts';
import { type Bench, type BenchContext, type Figure, notMeasured, Repeats, ratio } from './figures.ts';
import { freeswitchAddress, freeswitchMedia } from './freeswitch-media.ts';
import { type BenchEndpoint, type BenchMedia, embeddedMedia, noBuild } from './media-makers.ts';
import type { LoadReport, LoadRequest } from './parties/rtp-load.ts';
import { cannotOpen } from './preflight.ts';
import { type Child, startChild, threadsCpuMsOf } from './processes.ts';

const calls = 50;
const settleMs = 6000;
/** CPU in a second that a server without calls may use. */
const idleLimitMs = 20;

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

interface Target {
  label: string;
  make: () => Promise<BenchMedia>;
  /** Was there before this bench, and may have something else to do. */
  peer?: true;
  /** Bridges plain RTP and nothing else. */
  plain?: boolean;
  /** At most this much of its CPU, per scenario. */
  aims: Record<string, number>;
}

/** The embedded media server first, then who is there to be compared with it; and why the others are not. */
function findTargets(): { targets: Target[]; absent: Figure[] } {
  const targets: Target[] = [{ label: 'engawa', make: embeddedMedia, aims: {} }];
  const absent: Figure[] = [];
  const add = <A>(address: A | string, target: Omit<Target, 'make'>, make: (address: A) => Promise<BenchMedia>) => {
    if (typeof address === 'string') absent.push(notMeasured(target.label, 'ms CPU per call-second', address));
    else targets.push({ ...target, peer: true, make: () => make(address) });
  };
  const withFreeswitch = { 'RTP↔RTP': 0.3, 'RTP↔DTLS-SRTP, recorded': 0.35 };
  add(freeswitchAddress(), { label: 'FreeSWITCH', aims: withFreeswitch }, freeswitchMedia);
  const dialPlan = { label: "FreeSWITCH's dial plan", plain: true, aims: withFreeswitch };
  add(dialPlanAddress('FREESWITCH'), dialPlan, dialPlanMedia);
  add(dialPlanAddress('ASTERISK'), { label: 'Asterisk', plain: true, aims: { 'RTP↔RTP': 0.65 } }, dialPlanMedia);
  return { targets, absent };
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const ask = <T>(load: Child, request: LoadRequest) => load.ask<T>(request);

async function startLoad(): Promise<Child> {
  return (await startChild('rtp-load.ts', { do: 'hello' })).child;
}

async function placeCalls(media: BenchMedia, load: Child, scenario: Scenario, tapPort: number): Promise<void> {
  for (let call = 0; call < calls; call++) {
    if (media.join) {
      await joinParties(media.join, load);
      continue;
    }
    const customer = await connectParty(media, load, 'rtp', call);
    const agent = await connectParty(media, load, scenario.agent, call);
    await customer.bridge(agent);
    if (scenario.recorded) await customer.tap(`ws://127.0.0.1:${tapPort}/${call}`);
  }
}

async function joinParties(join: NonNullable<BenchMedia['join']>, load: Child): Promise<void> {
  const customer = await ask<{ index: number; sdp: string }>(load, { do: 'add', kind: 'rtp' });
  const agent = await ask<{ index: number; sdp: string }>(load, { do: 'add', kind: 'rtp' });
  const joined = await join(customer.sdp, agent.sdp);
  await ask(load, { do: 'answer', index: customer.index, sdp: joined.customer });
  await ask(load, { do: 'answer', index: agent.index, sdp: joined.agent });
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

async function measureWindow(load: Child, seconds: number, pids: readonly number[]): Promise<Window> {
  await ask(load, { do: 'count', on: true });
  const before = pids.map(threadsCpuMsOf);
  const startedAt = performance.now();
  await wait(seconds * 1000);
  const took = (performance.now() - startedAt) / 1000;
  const cpu = pids.map((pid, i) => (threadsCpuMsOf(pid) - before[i]!) / calls / took);
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

interface Window {
  cpu: number[];
  report: LoadReport;
}

interface Tap {
  sink: Child;
  port: number;
}

interface Side {
  target: Target;
  name: string;
  cpu: Repeats;
  delay: Repeats;
}

/** Rounds that may be thrown away, for each that counts: the machine is shared. */
const spareRounds = 3;

async function measureScenario(
  targets: readonly Target[],
  scenario: Scenario,
  context: BenchContext,
): Promise<Figure[]> {
  const plain = scenario.agent === 'rtp' && !scenario.recorded;
  const sides: Side[] = targets
    .filter((target) => plain || !target.plain)
    .map((target) => {
      const name = `${target.label}, ${scenario.name}, ${calls} calls`;
      return { target, name, cpu: new Repeats(), delay: new Repeats() };
    });
  const { child: sink, ready } = await startChild<{ port: number }>('tap-sink.ts', 'start');
  const tap = { sink, port: ready.port };
  try {
    let rounds = 0;
    for (let tries = 0; rounds < context.repeats; tries++) {
      context.say(`${scenario.name}, round ${rounds + 1}`);
      const failed = await oneRound(sides, scenario, context, tap);
      if (failed === undefined) rounds++;
      else context.say(`${scenario.name}, a round thrown away: ${failed}`);
      if (tries < context.repeats * (1 + spareRounds)) continue;
      for (const { cpu } of sides) cpu.refuse(failed ?? 'too many rounds were thrown away');
      break;
    }
  } finally {
    await sink.stop();
  }
  return compare(sides, scenario);
}

/** Every side in turn. When the load of one was not what it should be, none of them counts, and why is told. */
async function oneRound(
  sides: readonly Side[],
  scenario: Scenario,
  context: BenchContext,
  tap: Tap,
): Promise<string | undefined> {
  const windows: { side: Side; window: Window }[] = [];
  for (const side of sides.filter(({ cpu }) => !cpu.refused)) {
    try {
      const window = await oneWindow(side.target, scenario, context, tap);
      if (typeof window === 'string') return `${side.target.label}: ${window}`;
      windows.push({ side, window });
    } catch (error) {
      side.cpu.refuse(error instanceof Error ? error.message : String(error));
    }
  }
  for (const { side, window } of windows) addWindow(side, scenario, window);
  return undefined;
}

function addWindow({ name, cpu, delay }: Side, scenario: Scenario, window: Window): void {
  const late = untimely(window.report);
  if (late) delay.refuse(late);
  cpu.add(`${name}: media server`, 'ms CPU per call-second', window.cpu[0]!);
  if (scenario.recorded) cpu.add(`${name}: the sink of the tap`, 'ms CPU per call-second', window.cpu[1]!);
  addTransit(delay, name, window.report);
}

function compare(sides: readonly Side[], scenario: Scenario): Figure[] {
  const figures = sides.map(({ name, cpu, delay }) => {
    const used = cpu.figures({ name: `${name}: media server`, unit: 'ms CPU per call-second' });
    return cpu.refused ? used : [...used, ...delay.figures({ name: `${name}: way through`, unit: 'ms' })];
  });
  const ratios = sides.slice(1).map(({ target }, i) => {
    const name = `${sides[0]!.name} by ${target.label}: media server`;
    return ratio(name, figures[0]![0], figures[i + 1]![0], target.aims[scenario.name]);
  });
  return [...figures.flat(), ...ratios];
}

/** Calls that an earlier run left behind, for example, would be counted as the cost of these. */
async function mustBeIdle(pid: number): Promise<void> {
  const before = threadsCpuMsOf(pid);
  await wait(1000);
  const used = threadsCpuMsOf(pid) - before;
  if (used > idleLimitMs)
    throw new Error(`it is busy before the load comes (${used.toFixed(0)} ms CPU in a second): restart it`);
}

/** What one media server used under the load, or why the load was none. */
async function oneWindow(
  target: Target,
  scenario: Scenario,
  context: BenchContext,
  tap: Tap,
): Promise<Window | string> {
  const load = await startLoad();
  const media = await target.make();
  try {
    if (target.peer) await mustBeIdle(media.pid);
    await placeCalls(media, load, scenario, tap.port);
    await ask(load, { do: 'begin' });
    // DTLS comes up, and the engine's hot code is compiled: what a call costs that lasts.
    await wait(settleMs);
    await tap.sink.ask('counts');
    const window = await measureWindow(load, context.seconds, [media.pid, tap.sink.pid]);
    const because = invalid(window.report, context.seconds);
    return because ?? (await tapsArrived(scenario, tap.sink, context.seconds)) ?? window;
  } finally {
    await media.close();
    await load.stop();
  }
}

async function tapsArrived(scenario: Scenario, sink: Child, seconds: number): Promise<string | undefined> {
  if (!scenario.recorded) return undefined;
  const { bytes } = await sink.ask<{ bytes: number }>('counts');
  const whole = calls * seconds * 8000 * 4;
  return bytes < whole * 0.97 ? `the taps handed over only ${bytes} of ${whole} bytes` : undefined;
}

export const bench: Bench = {
  name: 'media-bridge',
  async run(context) {
    const obstacle = noBuild() ?? cannotOpen(calls * 8);
    if (obstacle) return [notMeasured('all', '', obstacle)];
    const { targets, absent } = findTargets();
    const wanted = scenarios.filter(({ name }) => context.only === undefined || context.only.includes(name));
    const figures = context.only === undefined ? await measureDirect(context) : [];
    for (const scenario of wanted) figures.push(...(await measureScenario(targets, scenario, context)));
    return [...figures, ...absent];
  },
};
