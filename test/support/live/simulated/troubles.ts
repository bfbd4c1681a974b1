// What goes wrong in the world of several nodes: nodes are killed and come back, are cut off from the live state, and the live
// state stops, starts, and starts empty.

import type { MemoryHub } from '../../../../src/store/live/memory-hub.ts';
import type { SimulatedNode, World } from './world.ts';

export class Troubles {
  readonly #world: World;
  readonly #hub: MemoryHub;
  readonly #startNode: () => Promise<void>;
  #hubIsUp = true;

  constructor(world: World, hub: MemoryHub, startNode: () => Promise<void>) {
    this.#world = world;
    this.#hub = hub;
    this.#startNode = startNode;
  }

  get hubIsUp(): boolean {
    return this.#hubIsUp;
  }

  async kill(node: SimulatedNode): Promise<void> {
    this.#hub.crash(node.id);
    node.runner.close();
    this.#world.nodes.splice(this.#world.nodes.indexOf(node), 1);
    for (const call of node.calls.values()) this.#world.hangsUp(call);
    for (const agent of this.#world.agents) {
      if (agent.node !== node) continue;
      agent.node = undefined;
      this.#world.pageLeft(agent.id);
    }
    this.#world.count('node killed');
    if (this.#hubIsUp) return this.#startNode();
    // A node that starts while the live state is away does not come up; the others go on.
    if (this.#world.nodes.length === 0) {
      this.startHub(false);
      await this.#startNode();
    }
  }

  cutOff(node: SimulatedNode): void {
    if (node.cutOff) return;
    node.cutOff = true;
    this.#hub.cutOff(node.id);
    this.#world.count('node cut off');
  }

  async mend(): Promise<void> {
    const node = this.#world.nodes.find(({ cutOff }) => cutOff);
    if (node) {
      node.cutOff = false;
      this.#hub.mend(node.id);
      this.#world.count('node mended');
    }
    if (this.#hubIsUp && this.#world.nodes.length < this.#world.settings.nodes) await this.#startNode();
  }

  stopHub(): void {
    this.#hubIsUp = false;
    this.#hub.stop();
    this.#world.count('live state stopped');
  }

  startHub(empty: boolean): void {
    this.#hubIsUp = true;
    this.#hub.start({ empty });
    this.#world.count(empty ? 'live state started empty' : 'live state started');
  }

  mendAll(): void {
    if (!this.#hubIsUp) this.startHub(false);
    for (const node of this.#world.nodes) if (node.cutOff) this.#hub.mend(node.id);
    for (const node of this.#world.nodes) node.cutOff = false;
  }
}
