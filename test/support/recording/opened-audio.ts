// What a listener hears in an Ogg Opus file: decoded by opusdec, measured by Goertzel's filter. And the age command line.

import { spawnSync } from 'node:child_process';

const listenRateHz = 8000;

/** Without what the test runner puts into the environment: it would watch every child, and that takes seconds. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const foreign = ([name]: [string, unknown]) => name === 'NODE_OPTIONS' || /^_?TAP/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter((entry) => !foreign(entry)));
}

export function run(
  command: string,
  args: string[],
  input?: Uint8Array,
): { status: number | null; stdout: Buffer; stderr: string } {
  const result = spawnSync(command, args, { input, maxBuffer: 256 * 1024 * 1024, env: plainEnvironment() });
  if (result.error) throw result.error;
  return { status: result.status, stdout: result.stdout, stderr: result.stderr.toString() };
}

/** Opens a file with Debian's age; `status` is not 0 when it was not complete, what could be opened is there all the same. */
export function ageOpen(file: string, identityFile: string) {
  return run('age', ['--decrypt', '--identity', identityFile, file]);
}

/** The same for what is in no file. */
export function ageOpenBytes(sealed: Uint8Array, identityFile: string) {
  return run('age', ['--decrypt', '--identity', identityFile], sealed);
}

export interface Heard {
  durationMs: number;
  /** Amplitude of `hz` on a side, 0 to 32767, over [fromMs, toMs). */
  level(side: 'left' | 'right', hz: number, fromMs: number, toMs: number): number;
  /**
   * The greatest level of any 0.3 s in there: for who is heard at some time in it. A busy machine connects late and loses packets, and each
   * that is missing turns the phase of a tone, which over a longer time would be measured as silence.
   */
  loudest(side: 'left' | 'right', hz: number, fromMs?: number, toMs?: number): number;
  /** Of every 0.3 s in there the share in which `hz` is heard: nearly 1 for who is there all along, whatever turned the tone's phase. */
  presence(side: 'left' | 'right', hz: number, fromMs: number, toMs: number): number;
  samples(side: 'left' | 'right', fromMs: number, toMs: number): Int16Array;
  /** Root of the mean square of everything on a side. */
  loudness(side: 'left' | 'right', fromMs: number, toMs: number): number;
}

export function listen(ogg: Uint8Array): Heard {
  const args = ['--quiet', '--no-dither', '--force-stereo', '--rate', String(listenRateHz), '-', '-'];
  const { status, stdout, stderr } = run('opusdec', args, ogg);
  if (status !== 0 || stderr !== '') throw new Error(`opusdec does not like it: ${stderr}`);
  const samples = stdout.length / 4;

  function side(name: 'left' | 'right', fromMs: number, toMs: number): number[] {
    const offset = name === 'left' ? 0 : 2;
    const first = Math.round((fromMs * listenRateHz) / 1000);
    const last = Math.min(samples, Math.round((toMs * listenRateHz) / 1000));
    return Array.from({ length: Math.max(0, last - first) }, (_, i) => stdout.readInt16LE((first + i) * 4 + offset));
  }

  const durationMs = (samples * 1000) / listenRateHz;
  const level: Heard['level'] = (name, hz, fromMs, toMs) => {
    const values = side(name, fromMs, toMs);
    const step = (2 * Math.PI * hz) / listenRateHz;
    let re = 0;
    let im = 0;
    for (const [i, value] of values.entries()) {
      re += value * Math.cos(step * i);
      im += value * Math.sin(step * i);
    }
    return (2 * Math.hypot(re, im)) / Math.max(1, values.length);
  };

  function levels(name: 'left' | 'right', hz: number, fromMs: number, toMs: number): number[] {
    const windows = Math.max(0, Math.floor((toMs - fromMs - 300) / 100) + 1);
    return Array.from({ length: windows }, (_, i) => level(name, hz, fromMs + i * 100, fromMs + i * 100 + 300));
  }

  return {
    durationMs,
    level,
    loudest: (name, hz, fromMs = 0, toMs = durationMs) => Math.max(0, ...levels(name, hz, fromMs, toMs)),
    presence(name, hz, fromMs, toMs) {
      const all = levels(name, hz, fromMs, toMs);
      return all.filter((each) => each > 2000).length / Math.max(1, all.length);
    },
    samples: (name, fromMs, toMs) => Int16Array.from(side(name, fromMs, toMs)),
    loudness(name, fromMs, toMs) {
      const values = side(name, fromMs, toMs);
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length));
    },
  };
}
