// Runs a sipp scenario of test/sipp against the border, as a carrier, and explains a failure with sipp's own trace.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../src/shared/paths.ts';
import { eventually } from '../eventually.ts';

export interface SippRun {
  /** Its port is open: what comes before that is refused by the machine. */
  listening(): Promise<void>;
  /** Rejects with sipp's errors and messages unless every call went well (exit code 0). */
  finished: Promise<void>;
  stop(): void;
}

export interface SippRunOptions {
  scenario: string;
  port: number;
  /** Where to call; absent: it waits to be called. */
  target?: { host: string; port: number };
  /** The number dialled. */
  service?: string;
  calls?: number;
  callsPerSecond?: number;
  extra?: string[];
}

export function runSipp(options: SippRunOptions): SippRun {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-border-sipp-'));
  const calls = options.calls ?? 1;
  const child: ChildProcess = spawn(
    'sipp',
    [
      ...(options.target ? [`${options.target.host}:${options.target.port}`] : []),
      ...['-sf', join(projectRoot, 'test/sipp', `${options.scenario}.xml`), '-i', '127.0.0.1'],
      ...['-p', String(options.port), '-m', String(calls), '-r', String(options.callsPerSecond ?? 10), '-nostdin'],
      ...['-timeout', '60', '-timeout_error', '-trace_err', '-trace_msg', '-recv_timeout', '20000'],
      ...(options.service ? ['-s', options.service] : []),
      ...(options.extra ?? []),
    ],
    { cwd: folder, stdio: 'ignore' },
  );
  const traces = () =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8').slice(-2500))
      .join('\n');
  const finished = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      const failure = code === 0 ? undefined : new Error(`sipp ${options.scenario} ended with ${code}\n${traces()}`);
      rmSync(folder, { recursive: true, force: true });
      if (failure) reject(failure);
      else resolve();
    });
  });
  const open = `:${options.port.toString(16).toUpperCase().padStart(4, '0')} `;
  const listening = async () => {
    await eventually('sipp listens', () => readFileSync('/proc/net/udp', 'utf8').includes(open), { withinMs: 20_000 });
  };
  return { listening, finished, stop: () => void child.kill('SIGKILL') };
}
