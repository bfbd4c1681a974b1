// Watches the machine from outside of the program under test: a process that does nothing but ask for its turn every 50 ms, and write one small
// block to the disk every second. When it does not get its turn, or the disk does not answer, for longer than a second, that is a stall of
// the machine. It knows nothing of calls; what a stall may explain is the ledger's to say. A program of ours that keeps both processors
// busy does not stop it: what it measures has the lab's own priority, and the scheduler gives every process its turn.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { onOrder, report, type StallReport, type WatchOrder } from './ipc.ts';

const turnEveryMs = 50;
const writeEveryMs = 1_000;
const stallFromMs = 1_000;

onOrder<WatchOrder>(({ folder }) => {
  watchTurns();
  void watchDisk(join(folder, 'stall-probe'));
});

const say = (what: StallReport['what'], lastedMs: number) =>
  report({ kind: 'stall', what, from: Date.now() - lastedMs, to: Date.now() });

function watchTurns(): void {
  let turnAt = performance.now();
  let wallAt = Date.now();
  setInterval(() => {
    const lateMs = performance.now() - turnAt - turnEveryMs;
    // A machine that was stopped as a whole may have a clock that knows nothing of it, and one that does.
    const jumpedMs = Date.now() - wallAt - turnEveryMs;
    const stoodMs = Math.max(lateMs, jumpedMs);
    if (stoodMs > stallFromMs) say('machine', stoodMs);
    turnAt = performance.now();
    wallAt = Date.now();
  }, turnEveryMs);
}

async function watchDisk(path: string): Promise<void> {
  const file = await open(path, 'w');
  for (;;) {
    const from = performance.now();
    await file.write('x', 0);
    await file.sync();
    const tookMs = performance.now() - from;
    if (tookMs > stallFromMs) say('disk', tookMs);
    await new Promise((resolve) => setTimeout(resolve, writeEveryMs));
  }
}
