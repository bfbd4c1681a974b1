// What the SDP and Opus of the fuzz tests are made with.

import { loadOpus } from '../../src/protocol/rtp/opus.ts';
import { codecsNamed } from '../../src/protocol/sdp/codecs.ts';

export const ourCodecs = codecsNamed(['opus', 'PCMU', 'PCMA']);

const opus = await loadOpus();
const encoder = opus.createEncoder({ sampleRateHz: 8000, expectedLossPercent: 5 });
const decoder = opus.createDecoder({ sampleRateHz: 48_000 });
const samples = new Int16Array(5760);

export const opusPackets = [1, 2, 3].map((seed) =>
  Buffer.from(encoder.encode(Int16Array.from({ length: 160 }, (_, i) => Math.round(8000 * Math.sin(i * seed * 0.1))))),
);

export const decodeOpus = (packet: Buffer): number => decoder.decode(packet, samples);
