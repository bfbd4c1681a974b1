// A party's audio as 8 kHz samples in time, 20 ms at each tick, whatever the network does: the jitter buffer of what is
// decoded here. Packets are decoded as they come and laid into a ring by their timestamps; the tick reads `delay` behind.
// The delay grows by 20 ms when a packet comes too late, up to a limit, and shrinks after ten seconds without one. A gap is
// silence for G.711 and concealment for Opus, whose decoder must see packets in order.

import { decodeG711 } from '../../../protocol/rtp/g711.ts';
import type { Opus, OpusDecoder } from '../../../protocol/rtp/opus.ts';
import { frameSamples } from './player.ts';

const ringSamples = 16_384;
const mask = ringSamples - 1;
const startDelaySamples = 320;
const maxDelaySamples = 1_600;
const calmTicks = 500;
/** Frames made up for a run of losses; a longer gap is silence. */
const mostConcealed = 5;
const pcmu = 1;
const opus = 3;
const scratch = new Int16Array(5760);

export class DecodedAudio {
  /** What the last `pull` gave. */
  readonly frame = new Int16Array(frameSamples);
  /** Packets that came too late to be heard. */
  late = 0;
  private readonly ring = new Int16Array(ringSamples);
  private readAt = 0;
  private anchored = false;
  private anchorTimestamp = 0;
  private anchorAt = 0;
  private delay = startDelaySamples;
  private ticksSinceLate = 0;
  private lastSequence = -1;
  private decoder: OpusDecoder | undefined;
  private readonly opus: Opus;

  constructor(opus: Opus) {
    this.opus = opus;
  }

  reset(): void {
    this.anchored = false;
    this.lastSequence = -1;
    this.ring.fill(0);
    this.frame.fill(0);
  }

  push(packet: Buffer, sequence: number, timestamp: number, what: number, _now: number): void {
    if (what !== opus) {
      const count = decodeG711(what === pcmu ? 'PCMU' : 'PCMA', packet, scratch, 12);
      this.lay(timestamp, 1, count);
      return;
    }
    const step = this.lastSequence < 0 ? 1 : (sequence - this.lastSequence) & 0xffff;
    // An old or repeated packet would confuse the decoder, which has concealed its place already.
    if (step === 0 || step > 0x8000) return;
    this.decoder ??= this.opus.createDecoder({ sampleRateHz: 8000 });
    const payload = packet.subarray(12);
    for (let i = Math.min(step - 1, mostConcealed); i > 0; i--) {
      const count = this.decoder.conceal(scratch, frameSamples, i === 1 ? payload : undefined);
      this.lay((timestamp - i * 960) >>> 0, 6, Math.max(0, count));
    }
    this.lastSequence = sequence;
    this.lay(timestamp, 6, Math.max(0, this.decoder.decode(payload, scratch)));
  }

  private lay(timestamp: number, perSample: number, count: number): void {
    let at = this.anchorAt + Math.round(((timestamp - this.anchorTimestamp) | 0) / perSample);
    const tooLate = at < this.readAt;
    if (!this.anchored || tooLate || at > this.readAt + maxDelaySamples + 1600) {
      if (this.anchored && tooLate) this.grow();
      this.anchored = true;
      at = this.readAt + this.delay;
      this.anchorTimestamp = timestamp;
      this.anchorAt = at;
    }
    for (let i = 0; i < count; i++) this.ring[(at + i) & mask] = scratch[i]!;
  }

  private grow(): void {
    this.late++;
    this.ticksSinceLate = 0;
    this.delay = Math.min(this.delay + frameSamples, maxDelaySamples);
  }

  /** The next 20 ms. */
  pull(_tick: number, _now: number): Int16Array {
    for (let i = 0; i < frameSamples; i++) {
      const at = (this.readAt + i) & mask;
      this.frame[i] = this.ring[at]!;
      this.ring[at] = 0;
    }
    this.readAt += frameSamples;
    if (++this.ticksSinceLate > calmTicks && this.delay > startDelaySamples) {
      this.ticksSinceLate = 0;
      this.delay -= frameSamples;
    }
    return this.frame;
  }

  close(): void {
    this.decoder?.free();
    this.decoder = undefined;
  }
}
