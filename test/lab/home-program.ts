// An agent at home, as a program of its own inside the home's namespace: signs in at a node, is available, answers, holds, transfers,
// hangs up, finishes the after-call work; and when the node is gone, goes to the next one as the page does.

import { seededRandom } from '../../src/shared/random.ts';
import { openRobotDesk, type RobotDesk } from '../support/media/robot-desk.ts';
import { type HomeOrder, onOrder, report } from './ipc.ts';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const lookEveryMs = 200;
/** A desk that shows nothing new for this long while it should is asked anew. */
const aliveEveryMs = 5_000;

onOrder<HomeOrder>((order) => void live(order));

async function live(order: HomeOrder): Promise<void> {
  for (let turn = 0; ; turn++) {
    const url = order.urls[turn % order.urls.length]!;
    const undo: (() => unknown)[] = [];
    try {
      await sit({ ...order, url }, (run) => undo.push(run));
    } catch (thrown) {
      console.error(`${order.login} at ${url}: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
    report({ kind: 'desk', state: 'away', connected: false, callId: null, hears: false });
    for (const run of undo.reverse()) await run();
    await pause(1_000);
  }
}

async function sit(order: HomeOrder & { url: string }, teardown: (undo: () => unknown) => void): Promise<void> {
  const random = seededRandom(order.seed + Date.now());
  const desk = await openRobotDesk({ teardown }, order);
  let aliveAt = Date.now();
  let nextActAt = 0;
  for (;;) {
    await pause(lookEveryMs);
    const { state, call } = desk.view;
    report({ kind: 'desk', state, connected: true, callId: call?.id ?? null, hears: desk.hears().length > 0 });
    if (Date.now() - aliveAt > aliveEveryMs) {
      await stillThere(desk);
      aliveAt = Date.now();
    }
    if (Date.now() < nextActAt) continue;
    nextActAt = Date.now() + random.integer(300, 2_500);
    if (desk.line?.state === 'ringing' && desk.line.purpose === null) await desk.answer();
    else if (state === 'not-ready' || state === 'after-call-work')
      await desk.setState('available').catch(stillReachable);
    else if (call && state === 'on-call') await act(desk, random);
  }
}

/** Rejects when the node does not answer any more, or the feed has ended: then the page looks for another. */
async function stillThere(desk: RobotDesk): Promise<void> {
  const { status } = await desk.rest('GET', '/api/v1/desk');
  if (status !== 200) throw new Error(`the desk answers ${status}`);
  if (desk.feedEnded) await desk.followFeed();
  if (!desk.view.softphone.registered) await desk.connectPhone();
}

/** A refusal is an answer; no answer is not. */
function stillReachable(thrown: unknown): void {
  if (!(thrown instanceof Error) || !/: [45]\d\d /.test(thrown.message)) throw thrown;
}

async function act(desk: RobotDesk, random: ReturnType<typeof seededRandom>): Promise<void> {
  const acts = ['hold', 'resume', 'mute', 'unmute', 'talk', 'talk', 'talk', 'transfer', 'hangup'];
  const name = desk.view.call?.state === 'held' ? 'resume' : random.pick(acts);
  if (name === 'talk') return;
  await desk.command(name, name === 'transfer' ? { queue: 'general' } : undefined).catch(stillReachable);
}
