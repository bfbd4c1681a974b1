// Processes of a benchmark: children that talk over IPC, sipp, and the CPU that any process on this machine has used.

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A child that answers each request with one reply, in order. */
export interface Child {
  readonly pid: number;
  ask<T>(request: unknown, withinMs?: number): Promise<T>;
  stop(): Promise<void>;
}

/** Starts a script of `bench/parties` and waits for its first message, which it gives with the child. */
export async function startChild<T>(script: string, input: unknown): Promise<{ child: Child; ready: T }> {
  const path = fileURLToPath(new URL(`parties/${script}`, import.meta.url));
  const process_ = fork(path, [], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const replies: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  const ended = new Promise<void>((resolve) => process_.once('exit', () => resolve()));
  process_.on('message', (message: { error?: string; value?: unknown }) => {
    const waiting = replies.shift();
    if (message.error !== undefined) waiting?.reject(new Error(`${script}: ${message.error}`));
    else waiting?.resolve(message.value);
  });
  process_.once('exit', (code, signal) => {
    for (const waiting of replies.splice(0)) waiting.reject(new Error(`${script} ended (${code ?? signal})`));
  });
  const ask = <R>(request: unknown, withinMs = 60_000): Promise<R> => {
    const reply = new Promise<unknown>((resolve, reject) => replies.push({ resolve, reject }));
    process_.send({ request });
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`${script} did not answer within ${withinMs} ms`)), withinMs).unref();
    });
    return Promise.race([reply, late]) as Promise<R>;
  };
  const child: Child = { pid: process_.pid!, ask, stop: () => stopProcess(process_, ended) };
  const ready = await ask<T>(input);
  return { child, ready };
}

async function stopProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}

/** In a script of `bench/parties`: answers what `startChild` and `ask` send; ends when the parent lets go. */
export function answerParent(handle: (request: never) => unknown): void {
  process.on('message', ({ request }: { request: never }) => {
    void (async () => {
      try {
        process.send?.({ value: await handle(request) });
      } catch (error) {
        process.send?.({ error: error instanceof Error ? error.message : String(error) });
      }
    })();
  });
  process.on('disconnect', () => process.exit(0));
}

const ticksPerSecond = 100;

/** User and system CPU of a process with all its threads, in milliseconds; resolution 10 ms. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** The same of a process and all below it, with those that have ended and were waited for; nothing of one that ends meanwhile. */
export function treeCpuMsOf(pid: number): number {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  if (stat === '') return 0;
  const children = tasksOf(pid).flatMap((task) => readOrNothing(`/proc/${pid}/task/${task}/children`).split(' '));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
  const below = children.map(Number).filter((child) => child > 0);
  return below.reduce((sum, child) => sum + treeCpuMsOf(child), (own * 1000) / ticksPerSecond);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/**
 * CPU of the threads that live, in milliseconds, to the nanosecond: for short windows. Of the same clock as `cpuMsOf`
 * (where threads neither begin nor end, the two differ by rounding only).
 */
export function threadsCpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((each) => readOrNothing(`/proc/${pid}/task/${each}/schedstat`));
  return threads.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / 1e6;
}

/** The process that has a port of this machine open; undefined when it is not to be seen. */
export function pidListening(port: number, protocol: 'tcp' | 'udp' = 'tcp'): number | undefined {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  // As the kernel writes it: LISTEN for TCP, and the state of every UDP socket that is not connected.
  const open = protocol === 'tcp' ? '0A' : '07';
  for (const table of [`/proc/net/${protocol}`, `/proc/net/${protocol}6`]) {
    for (const line of readOrNothing(table).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${wanted}`) && fields[3] === open) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  for (const pid of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    if (descriptorsOf(pid).some((each) => inodes.has(each))) return Number(pid);
  }
  return undefined;
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No IPv6, no table.
    return '';
  }
}

function descriptorsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((each) => readlinkSync(`/proc/${pid}/fd/${each}`));
  } catch {
    // Ended meanwhile, or not ours to look at.
    return [];
  }
}

export interface Exit {
  code: number | null;
  output: string;
}

/** Runs a program to its end, in `folder` if one is given. */
export function runProgram(command: string, args: readonly string[], withinMs: number, folder?: string): Promise<Exit> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}
