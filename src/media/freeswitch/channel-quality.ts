// How one channel sounds: what came and went by FreeSWITCH's counts, loss, jitter and round trip by its RTCP reports
// (RFC 3550 §6.4), and what a listener would say of it (ITU-T G.107).

import { estimateMos } from '../../protocol/rtp/quality.ts';
import type { NegotiatedAudio } from '../../protocol/sdp/offer-answer.ts';
import type { MediaQuality } from '../../shared/events.ts';
import type { Logger } from '../../shared/logger.ts';
import { attempt, type Channel } from './channel.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import { type CountsWatch, PartyReports } from './party-counts.ts';

export interface ChannelQualityNeeds {
  channel: Channel;
  counts: CountsWatch;
  log: Logger;
  /** What is agreed now. */
  codec(): NegotiatedAudio['codec'] | undefined;
}

const tenth = (value: number) => Math.round(value * 10) / 10;

export class ChannelQuality {
  private readonly needs: ChannelQualityNeeds;
  private readonly reports = new PartyReports();

  constructor(needs: ChannelQualityNeeds) {
    this.needs = needs;
    needs.channel.on('event', (event) => this.onEvent(event));
  }

  async stats(): Promise<MediaQuality> {
    const counts = (await this.needs.counts.ask(this.needs.channel.uuid)) ?? { received: 0, sent: 0 };
    const codec = this.needs.codec()?.name ?? null;
    const { lost, jitterMs, roundTripMs } = this.reports;
    const mosEstimate =
      codec && counts.received > 0
        ? estimateMos({ codec, lossRatio: lost / (counts.received + lost), jitterMs, roundTripMs })
        : null;
    return {
      packetsReceived: counts.received,
      packetsSent: counts.sent,
      packetsLost: lost,
      jitterMs: tenth(jitterMs),
      roundTripMs: roundTripMs === null ? null : tenth(roundTripMs),
      mosEstimate,
      codec,
      lossCounted: this.reports.counted,
    };
  }

  private onEvent(event: FreeswitchEvent): void {
    if (event.name === 'RECV_RTCP_MESSAGE') this.reports.heard(event);
    if (event.name !== 'SEND_RTCP_MESSAGE') return;
    const { channel, counts, codec, log } = this.needs;
    const { highestSequence, atMs } = this.reports.sent(event, codec()?.clockRateHz ?? 8000);
    const asked = counts.ask(channel.uuid).then((counted) => {
      if (counted && highestSequence > 0 && counted.received > 0)
        this.reports.arrived(highestSequence, counted.received, counted.atMs - atMs);
    });
    attempt(log, 'loss not counted', asked);
  }
}
