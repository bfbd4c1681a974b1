// Several nodes that write at random while nodes and their server come and go at random; and what must be true when all is calm again:
// every copy is what the server holds, every node's own entries are what it wrote last, and all have read the same log.
// The world says how things fail: in memory on a simulated clock, or on a real Redis.

import type { Random } from '../../../src/shared/random.ts';
import type { LiveState } from '../../../src/store/live-state.ts';

export interface ChaosWorld {
  node(): Promise<LiveState>;
  /** It ends without a word. */
  kill(node: LiveState): Promise<void>;
  cutOff(node: LiveState): Promise<void>;
  mend(node: LiveState): Promise<void>;
  serverGone(how: 'killed' | 'hung'): Promise<void>;
  serverBack(): Promise<void>;
  /** All that it holds is lost. */
  serverEmptied(): Promise<void>;
  pass(ms: number): Promise<void>;
}

export interface ChaosTimes {
  /** Between two steps. */
  stepMs: number;
  /** Until a cut is surely a death, and until all is surely calm. */
  lapseMs: number;
}

interface Actor {
  node: LiveState;
  number: number;
  /** What it wrote last, by key. */
  mine: Map<string, number>;
  /** Of the log: since it was lost last, what there was. */
  read: string[];
  place: string | undefined;
  cut: boolean;
}

interface Acknowledged {
  id: string;
  losses: number;
}

const keysPerNode = 5;
const isKept = (key: string) => Number(key.slice(key.indexOf('/') + 1)) % 2 === 0;

export class LiveStateChaos {
  private readonly world: ChaosWorld;
  private readonly random: Random;
  private readonly times: ChaosTimes;
  private readonly alive: Actor[] = [];
  private readonly dead: number[] = [];
  private readonly acknowledged: Acknowledged[] = [];
  private losses = 0;
  private serverGone = false;
  private ids = 0;
  private nodes = 0;
  readonly story: string[] = [];

  constructor(world: ChaosWorld, random: Random, times: ChaosTimes) {
    this.world = world;
    this.random = random;
    this.times = times;
  }

  async run(nodes: number, steps: number): Promise<void> {
    for (let i = 0; i < nodes; i++) await this.join();
    for (let i = 0; i < steps; i++) {
      for (const actor of this.alive) this.write(actor);
      if (this.random.next() < 0.12) await this.disturb(nodes);
      await this.world.pass(this.random.integer(0, this.times.stepMs));
    }
    await this.calm();
  }

  private async join(): Promise<void> {
    const node = await this.world.node();
    const actor: Actor = { node, number: this.nodes++, mine: new Map(), read: [], place: undefined, cut: false };
    node.on('declaredDead', () => this.stateAgain(actor));
    node.log<string>('acd').follow({
      onSnapshot: (state, place) => {
        actor.read = [...(state as string[])];
        actor.place = place;
      },
      onEntry: ({ value, place }) => {
        actor.read.push(value);
        actor.place = place;
      },
      onLost: () => {
        actor.read = [];
        actor.place = undefined;
      },
    });
    this.alive.push(actor);
    this.story.push(`node ${actor.number} joins`);
  }

  /** What the user of the live state owes it after a death that was none. */
  private stateAgain({ node, number, mine }: Actor): void {
    for (let k = 0; k < keysPerNode; k++) {
      const key = `${number}/${k}`;
      const value = mine.get(key);
      const map = node.map('own');
      this.lightly(value === undefined ? map.remove(key) : map.put(key, value, { keepOrphan: isKept(key) }));
    }
  }

  /** Expected to fail now and then. */
  private lightly(act: Promise<unknown>): void {
    act.catch((error: unknown) => {
      const code = (error as { code?: string }).code;
      if (code !== 'live-state-unavailable' && code !== 'shutting-down') this.story.push(`UNEXPECTED ${String(error)}`);
    });
  }

  private write(actor: Actor): void {
    const { node, number, mine } = actor;
    const own = `${number}/${this.random.integer(0, keysPerNode)}`;
    const shared = `shared/${this.random.integer(0, 4)}`;
    const value = ++this.ids;
    switch (this.random.integer(0, 8)) {
      case 0:
      case 1:
        mine.set(own, value);
        return this.lightly(node.map('own').put(own, value, { keepOrphan: isKept(own) }));
      case 2:
        mine.delete(own);
        return this.lightly(node.map('own').remove(own));
      case 3:
        return this.lightly(node.map('shared').put(shared, value));
      case 4:
        return this.lightly(node.map('shared').claim(shared, value));
      case 5:
        return this.lightly(node.map('shared').remove(shared));
      case 6:
        return this.snapshot(actor);
      default:
        return this.append(actor, `${number}:${value}`);
    }
  }

  private append({ node }: Actor, id: string): void {
    const { losses } = this;
    const done = node.log<string>('acd').append(id);
    this.lightly(done.then(() => void this.acknowledged.push({ id, losses })));
  }

  private snapshot({ node, read, place }: Actor): void {
    if (place !== undefined) this.lightly(node.log('acd').saveSnapshot(place, [...read]));
  }

  private async disturb(nodes: number): Promise<void> {
    const actor = this.alive.length > 0 ? this.random.pick(this.alive) : undefined;
    const what = this.random.integer(0, 7);
    if (what === 0 && actor && this.alive.length > 1) {
      this.story.push(`node ${actor.number} is killed`);
      this.alive.splice(this.alive.indexOf(actor), 1);
      this.dead.push(actor.number);
      await this.world.kill(actor.node);
    } else if (what === 1 && !this.serverGone && this.alive.length < nodes) {
      await this.join();
    } else if (what <= 3 && actor) {
      this.story.push(`node ${actor.number} is ${actor.cut ? 'mended' : 'cut off'}`);
      actor.cut = !actor.cut;
      await (actor.cut ? this.world.cutOff(actor.node) : this.world.mend(actor.node));
    } else if (what === 4 && !this.serverGone) {
      this.story.push('the server is emptied');
      await this.world.serverEmptied();
      this.losses += 1;
    } else if (what === 5 && !this.serverGone) {
      const how = this.random.pick(['killed', 'hung'] as const);
      this.story.push(`the server is ${how}`);
      this.serverGone = true;
      await this.world.serverGone(how);
      if (how === 'killed') this.losses += 1;
    } else if (this.serverGone) await this.bringServerBack();
    else await this.world.pass(this.times.lapseMs * this.random.next() * 1.5);
  }

  private async bringServerBack(): Promise<void> {
    this.story.push('the server is back');
    await this.world.serverBack();
    this.serverGone = false;
  }

  private async calm(): Promise<void> {
    if (this.serverGone) await this.bringServerBack();
    for (const actor of this.alive) {
      if (!actor.cut) continue;
      actor.cut = false;
      await this.world.mend(actor.node);
    }
    this.story.push('calm');
    await this.world.pass(this.times.lapseMs * 3);
  }

  /** Everything that is not as it must be; asked until it is empty. `late` joined after all had happened. */
  differences(late: LiveState): string[] {
    const wrong = this.story.filter((line) => line.startsWith('UNEXPECTED'));
    const truth = tableOf(late);
    for (const { node, number } of this.alive) {
      const copy = tableOf(node);
      if (copy !== truth) wrong.push(`node ${number} has ${copy}, the server ${truth}`);
    }
    for (const actor of this.alive) wrong.push(...this.wrongOwn(actor, late));
    for (const number of this.dead) {
      for (const { key, orphan } of late.map('own').entries()) {
        if (key.startsWith(`${number}/`) && !(isKept(key) && orphan))
          wrong.push(`${key} of the dead ${number} is there`);
      }
    }
    return [...wrong, ...this.wrongLogs()];
  }

  private wrongOwn({ node, number, mine }: Actor, late: LiveState): string[] {
    const wrong: string[] = [];
    for (let k = 0; k < keysPerNode; k++) {
      const key = `${number}/${k}`;
      const entry = late.map('own').get(key);
      if (entry?.value !== mine.get(key)) wrong.push(`${key} is ${String(entry?.value)}, not ${String(mine.get(key))}`);
      if (entry && (entry.owner !== node.nodeId || entry.orphan)) wrong.push(`${key} is not owned by its node`);
    }
    return wrong;
  }

  private wrongLogs(): string[] {
    const wrong: string[] = [];
    const first = this.alive[0]!;
    for (const { read, number } of this.alive) {
      if (read.join() !== first.read.join()) {
        wrong.push(`node ${number} has read ${read.join()}, node ${first.number} ${first.read.join()}`);
      }
      if (new Set(read).size !== read.length) wrong.push(`node ${number} has read an entry twice`);
    }
    const seen = new Set(first.read);
    for (const { id, losses } of this.acknowledged) {
      if (losses === this.losses && !seen.has(id)) wrong.push(`${id} was appended and is not there`);
    }
    return wrong;
  }
}

function tableOf(node: LiveState): string {
  return ['own', 'shared']
    .flatMap((name) =>
      node
        .map(name)
        .entries()
        .map(({ key, value, owner, orphan }) => `${key}=${String(value)} of ${owner}${orphan ? '!' : ''}`),
    )
    .sort()
    .join(', ');
}
