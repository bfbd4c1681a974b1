// What one party's media was like, as the call record wants it. The MOS is an estimate (ITU-T G.107) of what this party's
// voice sounds like to the other side.

import { estimateMos } from '../../../protocol/rtp/quality.ts';
import type { MediaQuality } from '../../../shared/events.ts';
import type { Party } from './party.ts';

const tenth = (value: number): number => Math.round(value * 10) / 10;

export function qualityOf(party: Party): MediaQuality {
  const { statistics, rtcp, audio } = party;
  const codec = audio?.codec.name ?? null;
  const mosEstimate =
    codec && statistics.packets > 0
      ? estimateMos({
          codec,
          lossRatio: statistics.lossRatio,
          jitterMs: statistics.jitterMs,
          roundTripMs: rtcp.roundTripMs,
        })
      : null;
  return {
    packetsReceived: statistics.packets,
    packetsSent: party.out.packets,
    packetsLost: statistics.packetsLost,
    jitterMs: tenth(statistics.jitterMs),
    roundTripMs: rtcp.roundTripMs === null ? null : tenth(rtcp.roundTripMs),
    mosEstimate,
    codec,
  };
}
