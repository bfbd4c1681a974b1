// Speech by an external program, such as open_jtalk or piper behind a small script: text in, WAV out.

import { spawn } from 'node:child_process';
import { AppError } from '../shared/errors.ts';
import type { Speech } from './speech.ts';
import { readWav } from './wav.ts';

const outputLimitBytes = 50 * 1024 * 1024;

export function createCommandSpeech({
  command,
  args = [],
  timeoutMs = 15_000,
}: {
  command: string;
  args?: readonly string[];
  timeoutMs?: number;
}): Speech {
  const unavailable = (because: string, cause?: unknown) =>
    new AppError('speech-unavailable', `the speech command ${command} failed: ${because}`, { cause });

  function run(text: string, language: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const child = spawn(
        command,
        args.map((arg) => arg.replaceAll('{language}', language)),
        {
          stdio: ['pipe', 'pipe', 'pipe'],
          timeout: timeoutMs,
          killSignal: 'SIGKILL',
        },
      );
      const chunks: Buffer[] = [];
      let bytes = 0;
      let complaint = '';
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > outputLimitBytes) child.kill('SIGKILL');
        else chunks.push(chunk);
      });
      child.stderr.on('data', (chunk: Buffer) => {
        complaint = (complaint + chunk.toString()).slice(-500);
      });
      child.once('error', (error) => reject(unavailable(error.message, error)));
      child.once('close', (code, signal) => {
        if (code === 0) resolve(Buffer.concat(chunks));
        else reject(unavailable(`${signal ?? `exit code ${code}`} ${complaint}`.trim()));
      });
      // A program that ends without reading its input shows in its exit code.
      child.stdin.on('error', (error) => {
        complaint ||= error.message;
      });
      child.stdin.end(text);
    });
  }

  return {
    name: `command ${command} ${args.join(' ')}`,
    async speak(text, language) {
      const read = readWav(await run(text, language));
      if (read.kind === 'invalid') throw unavailable(`its output is no sound: ${read.because}`);
      return read.sound;
    },
    close: async () => {},
  };
}
