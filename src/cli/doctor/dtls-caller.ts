// The media half of a browser, to see whether a media server does ICE and DTLS-SRTP with one (RFC 8445, RFC 5763): makes an
// offer, takes the answer, and says when the handshake is done. No audio. In a process of its own (dtls-caller-process.ts).

import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { processEntry } from '../../shared/paths.ts';

export interface DtlsCaller {
  /** With its only candidate: the address given, and a free port. */
  readonly offer: string;
  /** True once ICE and DTLS are through, false when they failed or took longer. Once. */
  handshake(sdpAnswer: string, limitMs: number): Promise<boolean>;
  close(): void;
}

export type CallerOrder = { address: string } | { answer: string };
export type CallerReport = { offer: string } | { up: boolean } | { failed: string };

const offerMs = 20_000;

export async function createDtlsCaller(address: string): Promise<DtlsCaller> {
  const child = fork(processEntry(import.meta.url, './dtls-caller-process'), { stdio: 'ignore' });
  const order = (message: CallerOrder) => child.send(message);

  /** Undefined when the process ends or says nothing in time. */
  function next(limitMs: number): Promise<CallerReport | undefined> {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(undefined), limitMs);
      const end = (report: CallerReport | undefined) => {
        clearTimeout(late);
        resolve(report);
      };
      child.once('message', (report) => end(report as CallerReport));
      child.once('exit', () => end(undefined));
    });
  }

  const first = next(offerMs);
  order({ address });
  const report = await first;
  if (!report || !('offer' in report)) {
    child.kill('SIGKILL');
    const because = report && 'failed' in report ? report.failed : 'its process ended';
    throw new Error(`no WebRTC offer could be made at ${address}: ${because}`);
  }
  return {
    offer: report.offer,
    async handshake(sdpAnswer, limitMs) {
      const last = next(limitMs);
      order({ answer: sdpAnswer });
      const outcome = await last;
      return outcome !== undefined && 'up' in outcome && outcome.up;
    },
    close: () => void child.kill('SIGKILL'),
  };
}

/** This machine's address on the way to another: what the other can send to. */
export function addressTowards(host: string): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    // Connecting a UDP socket sends nothing.
    socket.connect(9, host, () => {
      const { address } = socket.address();
      socket.close(() => resolve(address));
    });
  });
}
