// An administrator of a running program, made as the first one of an installation is: by `engawa user add`.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../../src/shared/paths.ts';
import type { RunningEngawa } from './engawa.ts';

export const administratorPassword = 'correct horse battery staple';

export interface Administrator {
  rest<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>;
}

export async function addAdministrator(
  engawa: RunningEngawa,
  login = 'kanri',
  environment: Record<string, string> = {},
): Promise<Administrator> {
  const password = administratorPassword;
  const made = spawnSync(
    process.execPath,
    [
      join(projectRoot, 'dist/src/cli/engawa.js'),
      ...['user', 'add', login, '--config', join(engawa.dataFolder, 'engawa.yaml'), '--password-stdin'],
    ],
    { input: `${password}\n`, encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  if (made.status !== 0) throw new Error(`engawa user add: ${made.stdout}${made.stderr}`);
  const signedIn = await fetch(new URL('/api/v1/session', engawa.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password }),
  });
  const { csrfToken } = (await signedIn.json()) as { csrfToken: string };
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const administrator: Administrator = {
    async rest<T>(method: string, path: string, body?: unknown) {
      const response = await fetch(new URL(path, engawa.url), {
        method,
        headers: {
          cookie,
          'x-csrf-token': csrfToken,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: (text ? JSON.parse(text) : null) as T };
    },
  };
  const steppedUp = await administrator.rest('POST', '/api/v1/session/step-up', { password });
  if (steppedUp.status !== 200) throw new Error(`stepping up: ${JSON.stringify(steppedUp)}`);
  return administrator;
}
