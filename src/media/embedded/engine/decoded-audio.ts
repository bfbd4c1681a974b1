// A party's audio as 8 kHz samples, 20 ms at each tick, whatever the network does: jitter buffer, decoder, concealment.
// Used only where audio is decoded (mixing, Opus towards G.711, a tap on Opus). Packets may hold any length of audio: what is
// over from one waits for the next tick.

import { Concealment } from '../../../protocol/rtp/conceal.ts';
import { decodeG711 } from '../../../protocol/rtp/g711.ts';
import { JitterBuffer, type JitterPacket } from '../../../protocol/rtp/jitter-buffer.ts';
import type { Opus, OpusDecoder } from '../../../protocol/rtp/opus.ts';
import { kind } from './payload-kinds.ts';
import { frameSamples } from './player.ts';

/** 120 ms, the longest packet, and what may be over before it. */
const waitingSamples = 1280;
const scratch = new Int16Array(960);
const nothing = new Uint8Array(0);

export class DecodedAudio {
  /** What the last `pull` gave. */
  readonly frame = new Int16Array(frameSamples);
  private buffer: JitterBuffer | undefined;
  private what: number = kind.pcmu;
  private decoder: OpusDecoder | undefined;
  private readonly concealment = new Concealment();
  private readonly opus: Opus;
  private readonly waiting = new Int16Array(waitingSamples);
  private waitingCount = 0;
  /** Samples in the last packet, which is how much a lost one is taken to have had. */
  private packetSamples = frameSamples;

  constructor(opus: Opus) {
    this.opus = opus;
  }

  /** Another source, codec or time line begins. */
  reset(): void {
    this.buffer = undefined;
    this.waitingCount = 0;
    this.packetSamples = frameSamples;
    this.frame.fill(0);
  }

  push(packet: Buffer, sequence: number, timestamp: number, what: number, now: number): void {
    if (what !== this.what) this.reset();
    this.what = what;
    this.buffer ??= new JitterBuffer({ clockRateHz: what === kind.opus ? 48_000 : 8_000 });
    const payloadType = packet[1]! & 0x7f;
    // A copy: the packet's memory is used for the next one.
    const payload = Buffer.from(packet.subarray(12));
    this.buffer.put({ payload, start: 0, end: payload.length, payloadType, timestamp, sequence }, now);
  }

  /** A packet that is no audio (a telephone event): its place is silence, and not a loss to be covered. */
  pass(sequence: number, timestamp: number, now: number): void {
    this.buffer?.put({ payload: nothing, start: 0, end: 0, payloadType: 0, timestamp, sequence }, now);
  }

  /** Nothing more will come. True while there is audio that `pull` has not given yet. */
  finish(): boolean {
    this.buffer?.finish();
    return this.waitingCount > 0 || (this.buffer?.bufferedMs ?? 0) > 0;
  }

  /** The next 20 ms; silence where nothing is. */
  pull(): Int16Array {
    while (this.waitingCount < frameSamples) {
      const taken = this.buffer?.take() ?? 'empty';
      if (taken === 'empty' || taken === 'filling') break;
      this.append(taken === 'lost' ? this.conceal() : this.decode(taken));
    }
    const count = Math.min(frameSamples, this.waitingCount);
    this.frame.set(this.waiting.subarray(0, count));
    this.frame.fill(0, count);
    this.waiting.copyWithin(0, count, this.waitingCount);
    this.waitingCount -= count;
    return this.frame;
  }

  private append(count: number): void {
    const room = Math.min(count, waitingSamples - this.waitingCount);
    this.waiting.set(scratch.subarray(0, room), this.waitingCount);
    this.waitingCount += room;
  }

  private decode({ payload, start, end }: JitterPacket): number {
    if (start === end) {
      scratch.fill(0, 0, this.packetSamples);
      return this.packetSamples;
    }
    if (this.what === kind.opus) {
      this.decoder ??= this.opus.createDecoder({ sampleRateHz: 8000 });
      const count = this.decoder.decode(payload.subarray(start, end), scratch);
      if (count <= 0) return this.conceal();
      this.packetSamples = count;
      return count;
    }
    const count = decodeG711(this.what === kind.pcmu ? 'PCMU' : 'PCMA', payload, scratch, start, end);
    this.packetSamples = Math.max(1, count);
    this.concealment.good(scratch, count);
    return count;
  }

  private conceal(): number {
    const count = this.packetSamples;
    if (this.what !== kind.opus) this.concealment.conceal(scratch, count);
    else if (!this.decoder || this.decoder.conceal(scratch, count) < 0) scratch.fill(0, 0, count);
    return count;
  }

  close(): void {
    this.decoder?.free();
    this.decoder = undefined;
  }
}
