// What arrives from and goes to each party, asked of FreeSWITCH for all of them at once: it tells nobody when a first packet
// comes or none comes any more. Loss, jitter and round trip are what its own RTCP says (RFC 3550 §6.4), which comes as events.

import type { Clock, Timer } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logger.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import type { FreeswitchControl } from './freeswitch-control.ts';

export interface PartyCounts {
  received: number;
  sent: number;
}

/** Asked often while somebody waits for a first packet, and seldom afterwards. */
const eagerMs = 100;
const calmMs = 500;
const eagerForMs = 5000;
/** Channels in one question: its answer must stay small. */
const batch = 50;

const variables = ['rtp_audio_in_media_packet_count', 'rtp_audio_in_dtmf_packet_count', 'rtp_audio_out_packet_count'];

function question(uuids: readonly string[]): string {
  const parts = uuids.map((uuid) => {
    const values = variables.map((name) => `\${uuid_getvar(${uuid} ${name})}`);
    return `\${uuid_set_media_stats(${uuid})}|${values.join('|')}`;
  });
  return `eval ${parts.join('/')}`;
}

/** undefined for a channel that is gone. */
export function readCounts(answer: string): (PartyCounts | undefined)[] {
  return answer
    .trim()
    .split('/')
    .map((part) => {
      const [done, ...counts] = part.split('|');
      if (!done?.startsWith('+OK')) return undefined;
      const [media, digits, sent] = counts.map((each) => Number(each) || 0);
      return { received: (media ?? 0) + (digits ?? 0), sent: sent ?? 0 };
    });
}

export interface CountsWatch {
  watch(uuid: string, told: (counts: PartyCounts) => void): { stop(): void };
  /** With the time at which FreeSWITCH counted, by its own clock. */
  ask(uuid: string): Promise<(PartyCounts & { atMs: number }) | undefined>;
  close(): void;
}

export function createCountsWatch(control: FreeswitchControl, clock: Clock, log: Logger): CountsWatch {
  const watched = new Map<string, { told: (counts: PartyCounts) => void; since: number; askedAt: number }>();
  let asking = false;

  async function ask(uuids: string[]): Promise<void> {
    const answer = await control.api(question(uuids));
    readCounts(answer).forEach((counts, index) => {
      const uuid = uuids[index];
      if (uuid && counts) watched.get(uuid)?.told(counts);
    });
  }

  async function tick(): Promise<void> {
    const now = clock.now();
    const due = [...watched].filter(
      ([, each]) => now - each.askedAt >= (now - each.since < eagerForMs ? eagerMs : calmMs) - 10,
    );
    for (const [, each] of due) each.askedAt = now;
    for (let at = 0; at < due.length; at += batch) await ask(due.slice(at, at + batch).map(([uuid]) => uuid));
  }

  const timer: Timer = clock.every(eagerMs, () => {
    if (asking || watched.size === 0 || !control.open) return;
    asking = true;
    tick()
      .catch((err: unknown) => log.debug({ err }, 'FreeSWITCH does not tell its counts'))
      .finally(() => {
        asking = false;
      });
  });

  return {
    watch(uuid, told) {
      watched.set(uuid, { told, since: clock.now(), askedAt: 0 });
      return { stop: () => void watched.delete(uuid) };
    },
    async ask(uuid) {
      const [answer = '', micros] = (await control.api(`${question([uuid])}#\${strmicroepoch()}`)).split('#');
      const [counts] = readCounts(answer);
      return counts && { ...counts, atMs: Number(micros) / 1000 };
    },
    close: () => timer.cancel(),
  };
}

/**
 * What RTCP says of one party, and its loss. FreeSWITCH's own figure of loss forgets what is lost among digits; the highest
 * sequence number that its reports name is right. Less the packets that came by then, it grows with each one lost. The
 * count is asked for a moment after the report was made and may be one too high, so the greatest difference counts; a report
 * after which more than a packet's time went by does not. What was lost before the first report is not seen. Exact to a
 * packet or so.
 */
export class PartyReports {
  lost = 0;
  jitterMs = 0;
  roundTripMs: number | null = null;
  /** By the last report. */
  counted: { packetsReceived: number; packetsLost: number } | null = null;
  private missingAtFirst: number | undefined;
  private lostBefore = 0;

  /** A report of FreeSWITCH to the party. */
  sent(event: FreeswitchEvent, clockRateHz: number): { highestSequence: number; atMs: number } {
    const jitter = Number(event.header('Source-Jitter'));
    if (Number.isFinite(jitter)) this.jitterMs = (jitter / clockRateHz) * 1000;
    return {
      highestSequence: Number(event.header('Source-Highest-Sequence-Number-Received') ?? 0),
      atMs: Number(event.header('Event-Date-Timestamp') ?? 0) / 1000,
    };
  }

  /** The party's report to FreeSWITCH. */
  heard(event: FreeswitchEvent): void {
    const seconds = Number(event.header('Rtt0-Avg'));
    if (seconds > 0) this.roundTripMs = seconds * 1000;
  }

  /** `lateMs`: from the report until `received` was counted. */
  arrived(highestSequence: number, received: number, lateMs: number): void {
    if (lateMs > mostLateMs) return;
    const missing = highestSequence - received;
    const since = missing - (this.missingAtFirst ?? missing);
    if (this.missingAtFirst === undefined || Math.abs(since) > mostPlausibleLoss) {
      // The first report, or another source with numbers of its own.
      this.missingAtFirst = missing;
      this.lostBefore = this.lost;
    } else this.lost = Math.max(this.lost, this.lostBefore + since);
    this.counted = { packetsReceived: received, packetsLost: this.lost };
  }
}

const mostPlausibleLoss = 20_000;
/** A packet's time, and half of one: FreeSWITCH's clock goes in steps of 20 ms. */
const mostLateMs = 30;

export interface ArrivalsNeeds {
  clock: Clock;
  /** 0: silence is never told. */
  mediaTimeoutMs: number;
  /** Once: the first packet is there. */
  first(afterMs: number): void;
  /** Once, until packets return. */
  timeout(silentMs: number): void;
}

/** When one party's packets came, by counts of them. */
export class Arrivals {
  private readonly needs: ArrivalsNeeds;
  private count = 0;
  private any = false;
  private toldTimeout = false;
  private agreedAt: number;
  private lastAt: number;

  constructor(needs: ArrivalsNeeds) {
    this.needs = needs;
    this.agreedAt = needs.clock.now();
    this.lastAt = this.agreedAt;
  }

  /** Its SDP is complete, or new: silence counts from here. */
  agreed(): void {
    this.agreedAt = this.needs.clock.now();
    this.lastAt = this.agreedAt;
  }

  /** `shouldSend`: the party is expected to send at all. */
  counted(received: number, shouldSend: boolean): void {
    const now = this.needs.clock.now();
    if (received !== this.count) {
      this.count = received;
      this.lastAt = now;
      this.toldTimeout = false;
      if (this.any || received === 0) return;
      this.any = true;
      this.needs.first(now - this.agreedAt);
      return;
    }
    if (!shouldSend) this.lastAt = now;
    const silentMs = now - this.lastAt;
    if (this.needs.mediaTimeoutMs === 0 || silentMs < this.needs.mediaTimeoutMs || this.toldTimeout) return;
    this.toldTimeout = true;
    this.needs.timeout(silentMs);
  }
}
