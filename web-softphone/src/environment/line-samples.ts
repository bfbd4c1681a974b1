// What arrives here of the line that is measured, read once a second from WebRTC statistics (W3C webrtc-stats), until the server
// ends it. The server judges; here nothing is made of the figures.

import type { EnvironmentClaimsBody } from '../../../src/api/contracts/environment.ts';
import type { PhoneEngine } from '../phone/phone-engine.ts';

type Line = NonNullable<EnvironmentClaimsBody['line']>;
type Report = Record<string, number | string | boolean | undefined>;

const everyMs = 1000;
/** Before this there is nothing yet that was to be heard. */
const settleMs = 500;

/** `told`: how many samples there are. Resolves when the line ended, or `withinMs` are over: its end may never be told where nothing gets through. */
export async function sampleLine(
  engine: Pick<PhoneEngine, 'report' | 'on'>,
  { callId, withinMs }: { callId: string; withinMs: number },
  told: (samples: number) => void,
): Promise<Line> {
  const line: Line = { samples: [], candidate: 'unknown', protocol: 'unknown' };
  let ended = false;
  const over = new Promise<void>((resolve) => {
    const off = engine.on('ended', (event) => {
      if (event.callId !== callId) return;
      ended = true;
      off();
      resolve();
    });
  });
  const until = performance.now() + withinMs;
  await Promise.race([over, pause(settleMs)]);
  while (!ended && performance.now() < until && line.samples.length < 40) {
    const report = await engine.report(callId);
    if (!report || ended) break;
    read(report, line);
    told(line.samples.length);
    await Promise.race([over, pause(everyMs)]);
  }
  return line;
}

function read(report: RTCStatsReport, line: Line): void {
  const all = new Map<string, Report>(report as never);
  let inbound: Report | undefined;
  let roundTripMs: number | null = null;
  let pair: Report | undefined;
  for (const one of all.values()) {
    if (one['type'] === 'inbound-rtp') inbound = one;
    if (one['type'] === 'transport') pair = all.get(String(one['selectedCandidatePairId']));
    if (one['type'] === 'candidate-pair' && one['nominated'] && !pair) pair = one;
  }
  if (pair?.['currentRoundTripTime'] !== undefined) roundTripMs = Number(pair['currentRoundTripTime']) * 1000;
  const local = pair && all.get(String(pair['localCandidateId']));
  if (local) {
    line.candidate = (local['candidateType'] as Line['candidate']) ?? 'unknown';
    line.protocol = (local['relayProtocol'] ?? local['protocol'] ?? 'unknown') as Line['protocol'];
  }
  if (!inbound?.['packetsReceived']) return;
  line.samples.push({
    atMs: Math.round(performance.now()),
    packetsReceived: Number(inbound['packetsReceived']),
    packetsLost: Number(inbound['packetsLost'] ?? 0),
    jitterMs: Math.round(Number(inbound['jitter'] ?? 0) * 1_000_000) / 1000,
    roundTripMs: roundTripMs === null ? null : Math.round(roundTripMs * 10) / 10,
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
