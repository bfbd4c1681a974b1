// One outgoing RTP stream (RFC 3550 §5.1): a single SSRC for the life of the endpoint, whatever it is fed from.
// The far end's jitter buffer must not notice when the source changes from a prompt to a bridged party and back: sequence
// numbers go on by one, timestamps go on by the time that really passed, and the first packet after a pause has the marker bit.
// Losses of a forwarded source stay visible as gaps, so the far end can conceal them and report them.

const headerBytes = 12;
/** After a stall of this length the stream's clock is set by real time again. */
const resyncMs = 250;

export class OutStream {
  readonly ssrc: number;
  payloadType = 0;
  clockRateHz = 8000;
  packets = 0;
  octets = 0;
  /** performance.now() of the last packet; -1 before the first. */
  lastSentAt = -1;
  lastTimestamp: number;
  private lastSequence: number;
  private source: unknown;
  private sourceSsrc = 0;
  private sequenceOffset = 0;
  private timestampOffset = 0;
  private readonly send: (packet: Buffer) => void;

  constructor(ssrc: number, sequence: number, timestamp: number, send: (packet: Buffer) => void) {
    this.ssrc = ssrc;
    this.lastSequence = sequence & 0xffff;
    this.lastTimestamp = timestamp >>> 0;
    this.send = send;
  }

  /** Where the stream's clock stands now: what the next packet of a new source is stamped with. */
  timestampAt(nowMs: number, atLeast: number): number {
    if (this.lastSentAt < 0) return this.lastTimestamp;
    const passed = Math.round(((nowMs - this.lastSentAt) * this.clockRateHz) / 1000);
    return (this.lastTimestamp + Math.max(passed, atLeast)) >>> 0;
  }

  /**
   * Sends a packet of another stream as one of ours, changing its header in place. The caller has made sure that it has
   * neither extension nor contributing sources that the far end did not negotiate. Returns the outgoing timestamp.
   */
  forward(packet: Buffer, source: unknown, payloadType: number, nowMs: number): number {
    const sequence = (packet[2]! << 8) | packet[3]!;
    const timestamp = ((packet[4]! << 24) | (packet[5]! << 16) | (packet[6]! << 8) | packet[7]!) >>> 0;
    const ssrc = ((packet[8]! << 24) | (packet[9]! << 16) | (packet[10]! << 8) | packet[11]!) >>> 0;
    let marker = packet[1]! & 0x80;
    if (this.source !== source || this.sourceSsrc !== ssrc) {
      this.source = source;
      this.sourceSsrc = ssrc;
      this.sequenceOffset = (this.lastSequence + 1 - sequence) & 0xffff;
      this.timestampOffset = (this.timestampAt(nowMs, this.clockRateHz / 50) - timestamp) >>> 0;
      marker = 0x80;
    }
    const outSequence = (sequence + this.sequenceOffset) & 0xffff;
    const outTimestamp = (timestamp + this.timestampOffset) >>> 0;
    this.stamp(packet, marker | payloadType, outSequence, outTimestamp);
    // A reordered packet goes out with its own older number, but does not turn the stream's clock back.
    if (((outSequence - this.lastSequence) & 0xffff) < 0x8000) {
      this.lastSequence = outSequence;
      this.lastTimestamp = outTimestamp;
      this.lastSentAt = nowMs;
    }
    this.packets++;
    this.octets += packet.length - headerBytes;
    this.send(packet);
    return outTimestamp;
  }

  /** Sends a payload made here, `units` of the clock long; the buffer has 12 free bytes in front. Returns its timestamp. */
  generate(packet: Buffer, source: unknown, units: number, nowMs: number): number {
    let marker = 0;
    let timestamp = (this.lastTimestamp + units) >>> 0;
    if (this.source !== source || nowMs - this.lastSentAt > resyncMs) {
      this.source = source;
      marker = 0x80;
      timestamp = this.timestampAt(nowMs, units);
    }
    this.lastSequence = (this.lastSequence + 1) & 0xffff;
    this.lastTimestamp = timestamp;
    this.lastSentAt = nowMs;
    this.stamp(packet, marker | this.payloadType, this.lastSequence, timestamp);
    this.packets++;
    this.octets += packet.length - headerBytes;
    this.send(packet);
    return timestamp;
  }

  /** A packet of an event (RFC 4733 §2.5.1.2): all packets of one event carry the timestamp of its beginning. */
  event(packet: Buffer, payloadType: number, timestamp: number, first: boolean, nowMs: number): void {
    this.source = undefined;
    this.lastSequence = (this.lastSequence + 1) & 0xffff;
    // Time and timestamp stay a pair, so that what follows the event is stamped after it.
    if (first) {
      this.lastSentAt = nowMs;
      this.lastTimestamp = timestamp;
    }
    this.stamp(packet, (first ? 0x80 : 0) | payloadType, this.lastSequence, timestamp);
    this.packets++;
    this.octets += packet.length - headerBytes;
    this.send(packet);
  }

  /** The next packet starts a new source even if it is the same object (after hold, after an event). */
  breakSource(): void {
    this.source = undefined;
  }

  private stamp(packet: Buffer, second: number, sequence: number, timestamp: number): void {
    packet[0] = 0x80;
    packet[1] = second;
    packet[2] = sequence >>> 8;
    packet[3] = sequence & 0xff;
    packet[4] = timestamp >>> 24;
    packet[5] = (timestamp >>> 16) & 0xff;
    packet[6] = (timestamp >>> 8) & 0xff;
    packet[7] = timestamp & 0xff;
    packet[8] = this.ssrc >>> 24;
    packet[9] = (this.ssrc >>> 16) & 0xff;
    packet[10] = (this.ssrc >>> 8) & 0xff;
    packet[11] = this.ssrc & 0xff;
  }
}
