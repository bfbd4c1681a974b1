// Several nodes of the whole built program on one machine: one PostgreSQL, one Redis, each node with a data folder, a SIP server and
// a carrier of its own. People, passwords and the API key are the same at every node.

import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeView } from '../../../src/api/contract.ts';
import { eventually } from '../eventually.ts';
import { type RedisServer, startRedis } from '../live/redis.ts';
import { endRobotMedia } from '../media/robot-media.ts';
import { testDatabase } from '../servers/database.ts';
import { createCarrier } from '../sip/carrier.ts';
import { type CentreOptions, startCentre, type WholeCentre } from './whole-centre.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface ClusterNode extends WholeCentre {
  readonly name: string;
  /** As this node sees it. */
  nodes(): Promise<NodeView[]>;
  /** Takes a node out of use, asked for at this one. */
  drain(id: string): Promise<void>;
  /** SIGKILL, with all that belongs to it. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** As a service manager starts it again, in its data folder, once it has ended; resolves when all see it. */
  startAgain(): Promise<ClusterNode>;
}

export interface ClusterCentre {
  readonly redis: RedisServer;
  readonly databaseUrl: string;
  /** Of every node, besides that of this process. */
  readonly environment: Record<string, string>;
  readonly nodes: ClusterNode[];
  /** One more node, in a data folder of its own; resolves when all see it. */
  start(name: string): Promise<ClusterNode>;
}

export async function startClusterCentre(
  t: Teardown,
  names: readonly string[],
  options: CentreOptions = {},
): Promise<ClusterCentre> {
  t.teardown(endRobotMedia);
  const databaseUrl = await testDatabase(t);
  const redis = await startRedis(t);
  const environment = {
    ENGAWA_DATABASE_URL: databaseUrl,
    ENGAWA_REDIS_URL: `redis://127.0.0.1:${redis.port}/0`,
    ENGAWA_SIP_SECRET: randomBytes(24).toString('hex'),
    ENGAWA_VAULT_KEY: randomBytes(32).toString('hex'),
  };
  const nodes: ClusterNode[] = [];

  function start(name: string): Promise<ClusterNode> {
    const dataFolder = mkdtempSync(join(tmpdir(), `engawa-${name}-`));
    t.teardown(() => rmSync(dataFolder, { recursive: true, force: true }));
    const [first] = nodes;
    if (first)
      for (const file of ['demo.json', 'recording-identity.txt'])
        copyFileSync(join(first.engawa.dataFolder, file), join(dataFolder, file));
    return startIn(dataFolder, name);
  }

  async function startIn(dataFolder: string, name: string): Promise<ClusterNode> {
    const centre = await startCentre(t, {
      ...options,
      dataFolder,
      environment,
      carrier: await createCarrier(t),
      config: {
        sip: {
          kind: 'embedded',
          listen: ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0'],
          control: { listen: '127.0.0.1:0', secret: 'env:ENGAWA_SIP_SECRET' },
        },
        database: { kind: 'postgres' },
        liveState: { kind: 'redis', lapseSeconds: 4 },
        cluster: { name },
        ...options.config,
      },
    });
    const node: ClusterNode = {
      ...centre,
      name,
      nodes: async () => (await centre.engawa.get<{ items: NodeView[] }>('/api/v1/nodes')).items,
      async drain(id) {
        const { url, apiKey } = centre.engawa;
        const headers = { authorization: `Bearer ${apiKey}` };
        const answer = await fetch(new URL(`/api/v1/nodes/${id}/drain`, url), { method: 'POST', headers });
        if (answer.status !== 204) throw new Error(`drain: ${answer.status} ${await answer.text()}`);
      },
      async kill() {
        nodes.splice(nodes.indexOf(node), 1);
        await centre.engawa.stop('SIGKILL');
      },
      stop() {
        nodes.splice(nodes.indexOf(node), 1);
        return centre.engawa.stop('SIGTERM');
      },
      startAgain: () => startIn(dataFolder, name),
    };
    nodes.push(node);
    await eventually(
      'all nodes see each other',
      async () => (await Promise.all(nodes.map((one) => one.nodes()))).every((seen) => seen.length === nodes.length),
      { withinMs: 15_000, everyMs: 100 },
    );
    return node;
  }

  for (const name of names) await start(name);
  return { redis, databaseUrl, environment, nodes, start };
}
