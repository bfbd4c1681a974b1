// One party's RTCP (RFC 3550 §6): the reports we send every five seconds, and what the far end's reports tell us: the round
// trip, and how much of what we sent arrived.

import {
  buildRtcp,
  middleNtp,
  ntpTime,
  parseRtcp,
  type ReportBlock,
  roundTripMs,
  type SenderInfo,
} from '../../../protocol/rtp/rtcp.ts';
import type { ReceptionStatistics } from '../../../protocol/rtp/sequence.ts';
import type { OutStream } from './out-stream.ts';

export class RtcpSession {
  remoteSsrc = 0;
  roundTripMs: number | null = null;
  /** What the far end last said of our stream. */
  remote: ReportBlock | undefined;
  private readonly ssrc: number;
  private readonly cname: string;
  private lastSenderReport = 0;
  private lastSenderReportAt = 0;

  constructor(ssrc: number, cname: string) {
    this.ssrc = ssrc;
    this.cname = cname;
  }

  onPacket(packet: Buffer, _clockRateHz: number): void {
    const read = parseRtcp(packet);
    if (typeof read === 'string') return;
    for (const each of read) {
      if (each.kind !== 'sender-report' && each.kind !== 'receiver-report') continue;
      if (each.kind === 'sender-report') {
        this.lastSenderReport = middleNtp(each.sender);
        this.lastSenderReportAt = Date.now();
      }
      for (const block of each.blocks) {
        if (block.ssrc !== this.ssrc) continue;
        this.remote = block;
        const measured = roundTripMs(block, Date.now());
        if (measured !== null) this.roundTripMs = measured;
      }
    }
  }

  report(out: OutStream, statistics: ReceptionStatistics, nowMs: number): Buffer {
    return this.build(out, statistics, nowMs, false);
  }

  goodbye(out: OutStream, statistics: ReceptionStatistics, nowMs: number): Buffer {
    return this.build(out, statistics, nowMs, true);
  }

  private build(out: OutStream, statistics: ReceptionStatistics, nowMs: number, bye: boolean): Buffer {
    const blocks = statistics.packets > 0 ? [this.block(statistics)] : [];
    const sender: SenderInfo | undefined =
      out.packets > 0
        ? { ...ntpTime(Date.now()), rtpTimestamp: out.timestampAt(nowMs, 0), packets: out.packets, bytes: out.octets }
        : undefined;
    return buildRtcp({ ssrc: this.ssrc, cname: this.cname, blocks, bye, ...(sender ? { sender } : {}) });
  }

  private block(statistics: ReceptionStatistics): ReportBlock {
    const since = this.lastSenderReport === 0 ? 0 : Date.now() - this.lastSenderReportAt;
    return {
      ssrc: this.remoteSsrc,
      ...statistics.report(),
      lastSenderReport: this.lastSenderReport,
      delaySinceLastSenderReport: Math.round((since * 65536) / 1000) >>> 0,
    };
  }
}
