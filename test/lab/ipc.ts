// What the lab and its programs inside the namespaces say to each other, over the IPC channel of a child process.

import type { ChildProcess } from 'node:child_process';

/** To a home: who sits there and which nodes the page may go to, the preferred first. */
export interface HomeOrder {
  kind: 'sit-down';
  urls: string[];
  ca: string;
  login: string;
  password: string;
  toneHz: number;
  seed: number;
}

/** From a home, whenever something changes: what its desk shows. */
export interface HomeReport {
  kind: 'desk';
  state: string;
  connected: boolean;
  callId: string | null;
  hears: boolean;
}

export type CarrierOrder =
  /** `sip`: where to call, the next one when a server is not ready (RFC 3263 §4.3). */
  | {
      kind: 'call';
      number: number;
      sip: { host: string; port: number }[];
      dialled: string;
      from: string;
      talkMs: number;
    }
  | { kind: 'hang-up-all' };

/** From the carrier, once per call, when it is over. */
export interface CallReport {
  kind: 'call-over';
  number: number;
  answered: boolean;
  /** How many servers were not ready before. */
  passed: number;
  status: number | undefined;
  endedBy: 'us' | 'them' | undefined;
  talkedMs: number;
  /** Pauses in what the customer heard, from answer to end, that were longer than 500 ms. */
  pausesMs: number[];
}

/** To the watch: where a block is written to see whether the disk answers. */
export interface WatchOrder {
  folder: string;
}

/** From the watch: the machine, or its disk, stood still. */
export interface StallReport {
  kind: 'stall';
  what: 'machine' | 'disk';
  from: number;
  to: number;
}

export function onOrder<Order>(handle: (order: Order) => void): void {
  process.on('message', (order) => handle(order as Order));
  // The lab is gone.
  process.on('disconnect', () => process.exit(0));
}

export const report = (message: HomeReport | CallReport | StallReport): void => void process.send?.(message);

export function onReport<Report>(child: ChildProcess, handle: (report: Report) => void): void {
  child.on('message', (message) => handle(message as Report));
}
