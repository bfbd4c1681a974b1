// sipp as the called party, in a process that ends it with itself.

import { spawn } from 'node:child_process';
import { answerParent } from '../processes.ts';

answerParent(async ({ start }: { start: { port: number } }) => {
  const args = ['-sn', 'uas', '-i', '127.0.0.1', '-p', String(start.port), '-nostdin'];
  const sipp = spawn('sipp', args, { stdio: 'ignore' });
  process.on('exit', () => sipp.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    sipp.once('error', reject);
    sipp.once('exit', (code) => reject(new Error(`sipp ended (${code}); is port ${start.port} taken?`)));
    // It says nothing when it is ready; a call that comes too early is sent again.
    setTimeout(resolve, 500);
  });
  return { port: start.port };
});
