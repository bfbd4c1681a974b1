// What honest callers notice meanwhile: calls that are set up one after another, with retransmissions as RFC 3261 §17.1.1.2 has them, and one
// conversation that goes on, measured at both ends by what arrives.

import { createSocket } from 'node:dgram';
import { estimateMos } from '../../src/protocol/rtp/quality.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';
import type { Customer } from '../support/sip/carrier.ts';
import { plainSdp, sipText } from './sip-attacks.ts';

export interface Prober {
  /** Set-up times in milliseconds since the last call, and how many calls were not answered. */
  take(): { setUpMs: number[]; failed: number };
  close(): void;
}

const giveUpMs = 8_000;

/** Calls a number of the company so many times a second, from the carrier's address; each ends as soon as it is answered. */
export async function startProbes(
  sip: { host: string; port: number },
  number: string,
  perSecond: number,
): Promise<Prober> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const peer = { host: '127.0.0.1', port: socket.address().port };
  const open = new Map<string, { startedAt: number; text: string; timers: NodeJS.Timeout[] }>();
  let setUpMs: number[] = [];
  let failed = 0;
  let count = 0;
  const say = (text: string) => socket.send(text, sip.port, sip.host);
  const value = (text: string, name: string) => new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(text)?.[1] ?? '';

  function end(callId: string): void {
    for (const timer of open.get(callId)?.timers ?? []) clearTimeout(timer);
    open.delete(callId);
  }

  socket.on('message', (bytes) => {
    const text = bytes.toString('latin1');
    const callId = value(text, 'Call-ID');
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1] ?? 0);
    if (status === 0) {
      const via = text.split('\r\n').filter((line) => /^Via:/i.test(line));
      const kept = ['From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${value(text, name)}`);
      return say(['SIP/2.0 200 OK', ...via, ...kept, 'Content-Length: 0', '', ''].join('\r\n'));
    }
    const call = open.get(callId);
    if (!call || !/INVITE/.test(value(text, 'CSeq'))) return;
    for (const timer of call.timers.splice(1)) clearTimeout(timer);
    if (status < 200) return;
    end(callId);
    const dialog = {
      uri: /<([^>]+)>/.exec(value(text, 'Contact'))?.[1] ?? 'sip:x',
      from: value(text, 'From'),
      to: value(text, 'To'),
      callId,
    };
    if (status >= 300) {
      failed++;
      return;
    }
    setUpMs.push(performance.now() - call.startedAt);
    say(sipText(peer, { method: 'ACK', ...dialog, cseq: 1 }));
    say(sipText(peer, { method: 'BYE', ...dialog, cseq: 2 }));
  });

  const timer = setInterval(() => {
    const callId = `probe-${++count}-${peer.port}`;
    const text = sipText(peer, {
      method: 'INVITE',
      uri: `sip:${number}@${sip.host}:${sip.port}`,
      from: `<sip:0901234${String(count % 10_000).padStart(4, '0')}@carrier.invalid>;tag=${count}`,
      callId,
      body: plainSdp(peer.host),
    });
    const lost = setTimeout(() => {
      failed++;
      end(callId);
    }, giveUpMs);
    const again = [500, 1500, 3500].map((afterMs) => setTimeout(() => say(text), afterMs));
    open.set(callId, { startedAt: performance.now(), text, timers: [lost, ...again] });
    say(text);
  }, 1000 / perSecond);

  return {
    take() {
      const taken = { setUpMs, failed };
      setUpMs = [];
      failed = 0;
      return taken;
    },
    close() {
      clearInterval(timer);
      for (const callId of [...open.keys()]) end(callId);
      socket.close();
    },
  };
}

export interface ConversationFigures {
  /** Packets lost on the way to the customer, of those sent. */
  lost: number;
  received: number;
  /** The longest pause between two packets at either end, if longer than 60 ms; else 0. */
  longestGapMs: number;
  /** Packets that the desk's side missed of those due, at 50 a second. */
  deskMissed: number;
  mos: number;
}

export function measureConversation(customer: Customer, desk: RobotDesk): () => ConversationFigures {
  const startedAt = performance.now();
  const before = customer.rtp.report();
  const media = desk.line!.media;
  const [gapsBefore, deskBefore] = [media.gapsMs.length, media.packetsReceived()];
  return () => {
    const now = customer.rtp.report();
    const received = now.packetsReceived - before.packetsReceived;
    const lost = Math.max(0, now.packetsLost - before.packetsLost);
    const due = (performance.now() - startedAt) / 20;
    const gaps = [...now.gapsMs.slice(before.gapsMs.length), ...media.gapsMs.slice(gapsBefore)];
    return {
      lost,
      received,
      longestGapMs: Math.round(Math.max(0, ...gaps)),
      deskMissed: Math.max(0, Math.round(due - (media.packetsReceived() - deskBefore))),
      mos: estimateMos({
        codec: 'PCMU',
        lossRatio: lost / Math.max(1, lost + received),
        jitterMs: now.jitterMs,
        roundTripMs: now.roundTripMs,
      }),
    };
  };
}

export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
