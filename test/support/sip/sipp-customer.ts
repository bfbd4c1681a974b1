// A customer behind a carrier: sipp speaks SIP, a UDP party beside it sends a tone and digits and measures what it hears.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../src/shared/paths.ts';
import { eventually } from '../eventually.ts';
import { freeUdpPort } from '../free-port.ts';
import { createRtpParty, type RtpParty } from '../media/rtp-party.ts';
import { endsWithUs } from '../servers/child-processes.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface SippCustomer {
  readonly party: RtpParty;
  readonly sipPort: number;
  /** Every SIP message this side received or sent, as sipp wrote it down. */
  trace(): string;
  /** Only what it received. */
  received(): string;
  /** Resolves when sipp has an SDP from the other side; the party then sends and hears. */
  connected(withinMs?: number): Promise<void>;
  /** sipp's exit code: 0 when the scenario went through. */
  ended: Promise<number | null>;
}

export interface SippOptions {
  scenario: 'carrier-calls-in' | 'carrier-calls-in-and-hangs-up' | 'carrier-is-called';
  /** Where to call; absent when it is called. */
  target?: { host: string; port: number };
  /** The number dialled, as a carrier writes it. */
  dialled?: string;
  /** The customer's own number. */
  customer?: string;
  toneHz: number;
  talkMs?: number;
  sipPort?: number;
}

export async function startSippCustomer(t: Teardown, options: SippOptions): Promise<SippCustomer> {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-sipp-'));
  const sipPort = options.sipPort ?? (await freeUdpPort());
  const party = await createRtpParty({ toneHz: options.toneHz, codecs: ['PCMU'] });
  party.offer();
  const messages = join(folder, 'messages.log');
  const child: ChildProcess = spawn(
    ...endsWithUs('sipp', [
      ...(options.target ? [`${options.target.host}:${options.target.port}`] : ['127.0.0.1']),
      ...['-sf', join(projectRoot, 'test/sipp', `${options.scenario}.xml`)],
      ...['-i', '127.0.0.1', '-p', String(sipPort), '-m', '1', '-timeout', '180', '-nostdin'],
      ...['-s', options.dialled ?? 'customer', '-key', 'customer', options.customer ?? '09012345678'],
      ...['-key', 'rtp_port', String(party.port), '-d', String(options.talkMs ?? 5000)],
      ...['-trace_msg', '-message_file', messages, '-trace_err', '-error_file', join(folder, 'errors.log')],
    ]),
    { stdio: 'ignore', cwd: folder },
  );
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    party.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const trace = () => (existsSync(messages) ? readFileSync(messages, 'utf8') : '');
  const received = () =>
    trace()
      .split(/-{5,} .*\n/)
      .filter((part) => /message received/.test(part.split('\n')[0] ?? ''))
      .join('\n');
  return {
    party,
    sipPort,
    trace,
    received,
    ended,
    async connected(withinMs = 30_000) {
      const sdp = await eventually(
        'sipp received an SDP',
        () => {
          if (child.exitCode) throw new Error(`sipp ended with ${child.exitCode}:\n${trace().slice(-3000)}`);
          return /\r?\n(v=0\r?\n[\s\S]*?m=audio[\s\S]*?)(\r?\n\r?\n|$)/.exec(received())?.[1];
        },
        { withinMs },
      );
      if (options.target) party.acceptAnswer(sdp);
      else party.answer(sdp);
      party.start();
    },
  };
}
