// A node of the live state in a process of its own, for tests that stop or kill one: puts an entry per argument after the first two, and
// prints a line for each event. Started by `startLiveStateNode` alone.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '../../../src/shared/logger.ts';
import { createRedisLiveState } from '../../../src/store/redis/redis-live-state.ts';

interface Teardown {
  teardown(run: () => void | Promise<void>): void;
}

export async function startLiveStateNode(t: Teardown, url: string, settings: object, keys: readonly string[]) {
  const script = fileURLToPath(import.meta.url);
  const args = ['--import', 'tsx', script, url, JSON.stringify(settings), ...keys];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(line));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { lines, signal: (name: NodeJS.Signals) => void child.kill(name) };
}

async function main([url, settings, ...keys]: string[]): Promise<void> {
  const node = await createRedisLiveState({ url: url!, log: silentLogger, ...(JSON.parse(settings!) as object) });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  node.on('down', () => say('down'));
  node.on('up', () => say('up'));
  node.on('declaredDead', () => say('declaredDead'));
  const map = node.map<string>('desks');
  map.on('removed', ({ key, because }) => say(`removed ${key} ${because}`));
  for (const key of keys) await map.put(key, 'x', { keepOrphan: key.startsWith('kept') });
  say(`ready ${node.nodeId}`);
  setInterval(() => {}, 1000);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
