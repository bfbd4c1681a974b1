// People of a test besides the demo's three: made by an administrator, who is made on the command line.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { NewPerson, SessionView } from '../../../src/api/contract.ts';
import { projectRoot } from '../../../src/shared/paths.ts';
import { openRobotDesk, type RobotDesk, type RobotOptions } from '../media/robot-desk.ts';
import type { RunningEngawa } from './engawa.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

const password = 'correct horse battery staple';

export interface Hired extends Pick<NewPerson, 'login' | 'role' | 'place' | 'clearance' | 'queues'> {
  toneHz: number;
}

/**
 * Signs each in at a desk (or, a supervisor without queues, at a softphone); at these nodes in turn where several are given.
 * `environment`: what the nodes were started with, where the configuration names variables.
 */
export async function hire(
  t: Teardown,
  engawa: RunningEngawa | readonly [RunningEngawa, ...RunningEngawa[]],
  people: readonly Hired[],
  { environment = {}, ...more }: Pick<RobotOptions, 'withoutPhone'> & { environment?: Record<string, string> } = {},
): Promise<RobotDesk[]> {
  const nodes = 'url' in engawa ? [engawa] : engawa;
  const post = await administrator(nodes[0]!, environment);
  const desks: RobotDesk[] = [];
  for (const [i, { toneHz, ...person }] of people.entries()) {
    await post('/api/v1/users', { ...person, displayName: person.login, language: 'ja', password });
    const { url } = nodes[i % nodes.length]!;
    desks.push(await openRobotDesk(t, { url, login: person.login, password, toneHz, ...more }));
  }
  return desks;
}

async function administrator(
  engawa: RunningEngawa,
  environment: Record<string, string>,
): Promise<(path: string, body: object) => Promise<void>> {
  const cli = join(projectRoot, 'dist/src/cli/engawa.js');
  const config = join(engawa.dataFolder, 'engawa.yaml');
  const made = spawnSync(process.execPath, [cli, 'user', 'add', 'boss', '--config', config, '--password-stdin'], {
    input: `${password}\n`,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  if (made.status !== 0) throw new Error(`engawa user add: ${made.stdout}${made.stderr}`);
  const headers = { 'content-type': 'application/json', origin: engawa.url };
  const send = (path: string, body: object, more: Record<string, string> = {}) =>
    fetch(new URL(path, engawa.url), { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) });
  const signedIn = await send('/api/v1/session', { login: 'boss', password });
  if (!signedIn.ok) throw new Error(`boss cannot sign in: ${signedIn.status} ${await signedIn.text()}`);
  const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!;
  const { csrfToken } = (await signedIn.json()) as SessionView;
  const post = async (path: string, body: object) => {
    const answer = await send(path, body, { cookie, 'x-csrf-token': csrfToken });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await post('/api/v1/session/step-up', { password });
  return post;
}
