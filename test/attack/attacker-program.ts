// One attack, as a process of its own, so that its work is not the honest parties' delay. Told by IPC what to attack, says what became of it.

import type { Outcome, Targets } from './attack.ts';
import { connectionAttacks } from './connection-attacks.ts';
import { insiderAttacks } from './insider-attacks.ts';
import { mediaAttacks } from './media-attacks.ts';
import { sipAttacks } from './sip-attacks.ts';
import { turnAttacks } from './turn-attacks.ts';

export const attacks = [...sipAttacks, ...connectionAttacks, ...mediaAttacks, ...insiderAttacks, ...turnAttacks];

export interface AttackOrder {
  name: string;
  targets: Targets;
  seconds: number;
}

const stepMs = 10;

async function attack({ name, targets, seconds }: AttackOrder): Promise<Outcome> {
  const chosen = attacks.find((one) => one.name === name);
  if (!chosen) throw new Error(`there is no attack ${name}`);
  const running = await chosen.start(targets);
  const startedAt = performance.now();
  let made = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - startedAt;
      if (elapsedMs > seconds * 1000) {
        clearInterval(timer);
        return resolve();
      }
      // At most two steps' worth at once: a pause of this process is not made up for.
      const due = Math.min(
        Math.floor((elapsedMs / 1000) * chosen.perSecond) - made,
        Math.ceil((chosen.perSecond * stepMs * 3) / 1000),
      );
      for (let n = 0; n < due; n++) void running.once();
      made = Math.max(made + Math.max(due, 0), Math.floor((elapsedMs / 1000) * chosen.perSecond));
    }, stepMs);
  });
  return running.stop();
}

if (process.send) {
  process.once('message', (order) => {
    attack(order as AttackOrder).then(
      (outcome) => process.send!({ outcome }, () => process.exit(0)),
      (error: unknown) => process.send!({ error: String(error) }, () => process.exit(1)),
    );
  });
}
