// How the line sounds, from WebRTC statistics: what arrived here. The other direction is measured by the server.

import type { LineQuality } from './phone-engine.ts';

const everyMs = 2000;
/** Loss is told over ten seconds: one burst must not frighten anybody. */
const windowReadings = 5;

interface Counts {
  received: number;
  lost: number;
}

export function startQuality(connection: RTCPeerConnection, listener: (quality: LineQuality) => void): () => void {
  const counted: Counts[] = [{ received: 0, lost: 0 }];
  const timer = setInterval(async () => {
    if (connection.connectionState === 'closed') return;
    const { counts, ...rest } = await readStats(connection);
    const before = counted[0] ?? counts;
    const lost = Math.max(0, counts.lost - before.lost);
    const all = Math.max(0, counts.received - before.received) + lost;
    counted.push(counts);
    if (counted.length > windowReadings) counted.shift();
    listener({ ...rest, lossPercent: all > 0 ? (lost / all) * 100 : 0 });
  }, everyMs);
  return () => clearInterval(timer);
}

async function readStats(connection: RTCPeerConnection) {
  let counts: Counts = { received: 0, lost: 0 };
  let jitterMs = 0;
  let roundTripMs: number | null = null;
  const reports = new Map<string, Record<string, number | string | boolean | undefined>>(
    (await connection.getStats()) as never,
  );
  for (const report of reports.values()) {
    if (report['type'] === 'inbound-rtp') {
      counts = { received: Number(report['packetsReceived'] ?? 0), lost: Number(report['packetsLost'] ?? 0) };
      jitterMs = Number(report['jitter'] ?? 0) * 1000;
    }
    if (report['type'] === 'candidate-pair' && report['nominated'] && report['currentRoundTripTime'] !== undefined)
      roundTripMs = Number(report['currentRoundTripTime']) * 1000;
  }
  return { counts, jitterMs, roundTripMs };
}

/**
 * Mean opinion score by the E-model (ITU-T G.107), shortened: delay and loss for G.711 with concealment. 1 to 4.4.
 * Good enough to tell good from poor, not to compare two codecs.
 */
export function estimateMos({ jitterMs, lossPercent, roundTripMs }: LineQuality): number {
  const delayMs = (roundTripMs ?? 0) / 2 + jitterMs * 2 + 20;
  const delayImpairment = 0.024 * delayMs + (delayMs > 177.3 ? 0.11 * (delayMs - 177.3) : 0);
  // 25.1: G.711 with packet loss concealment, random loss (ITU-T G.113 Appendix I).
  const lossImpairment = (95 * lossPercent) / (lossPercent + 25.1);
  const r = Math.min(93.2, Math.max(0, 93.2 - delayImpairment - lossImpairment));
  return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
}
