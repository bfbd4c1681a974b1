// A second way out for what a tap brings: RTP to a company's own recording server (RFC 7866 §8), one stream per side. Lives in the
// recorder's process, so it works with every media server that taps. Frames come in bursts and leave every 20 ms; while the recording
// is paused they are silence. A recording server that is gone costs nothing but its own recording.

import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { encodeG711, type Law } from '../../protocol/rtp/g711.ts';
import { writeRtpHeader } from '../../protocol/rtp/packet.ts';
import { buildRtcp, ntpTime } from '../../protocol/rtp/rtcp.ts';
import { SrtpSender, srtpOverhead } from '../../protocol/rtp/srtp.ts';
import type { CryptoSuite } from '../../protocol/sdp/attributes.ts';
import type { Clock, Timer } from '../../shared/clock.ts';

/** Where one side goes. Left is what the customer says, right what the customer hears. */
export interface ForkTarget {
  side: 'left' | 'right';
  host: string;
  port: number;
  rtcpPort: number;
  law: Law;
  payloadType: number;
  /** Key and salt in base64; without it the stream is in the clear. */
  srtp?: { suite: CryptoSuite; keyAndSalt: string };
}

export interface Fork {
  /** Of left and right, here. */
  readonly ports: { left: number; right: number };
  sendTo(targets: readonly ForkTarget[]): void;
  push(pcm: Buffer): void;
  setPaused(paused: boolean): void;
  close(): void;
}

const frameSamples = 160;
const frameMs = 20;
/** More than this waits only when the process stood still: it goes out faster until it is level. */
const mostQueued = 25;
const reportEveryFrames = 250;
const rtpHeaderBytes = 12;

export async function openFork({ address, clock }: { address: string; clock: Clock }): Promise<Fork> {
  const sides = { left: await openSide(address), right: await openSide(address) };
  const frames: { left: Int16Array; right: Int16Array }[] = [];
  let partial = Buffer.alloc(0);
  let paused = false;
  const ticking: Timer = clock.every(frameMs, () => {
    const now = clock.now();
    for (let sent = 0; sent < (frames.length > mostQueued ? 2 : 1); sent++) {
      const frame = frames.shift();
      for (const name of ['left', 'right'] as const) sides[name].tick(frame?.[name], now);
    }
  });

  return {
    ports: { left: sides.left.port, right: sides.right.port },
    sendTo(targets) {
      for (const target of targets) sides[target.side].sendTo(target);
    },
    push(pcm) {
      partial = partial.length > 0 ? Buffer.concat([partial, pcm]) : Buffer.from(pcm);
      const frameBytes = frameSamples * 4;
      let at = 0;
      for (; at + frameBytes <= partial.length; at += frameBytes) frames.push(split(partial, at, paused));
      partial = partial.subarray(at);
      // Nobody takes it: a recording server that has not answered yet hears the call from then on.
      if (!sides.left.sending && !sides.right.sending) frames.length = 0;
    },
    setPaused(value) {
      paused = value;
    },
    close() {
      ticking.cancel();
      sides.left.close();
      sides.right.close();
    },
  };
}

function split(pcm: Buffer, at: number, silent: boolean): { left: Int16Array; right: Int16Array } {
  const [left, right] = [new Int16Array(frameSamples), new Int16Array(frameSamples)];
  if (silent) return { left, right };
  for (let i = 0; i < frameSamples; i++) {
    left[i] = pcm.readInt16LE(at + i * 4);
    right[i] = pcm.readInt16LE(at + i * 4 + 2);
  }
  return { left, right };
}

interface Side {
  readonly port: number;
  readonly sending: boolean;
  sendTo(target: ForkTarget): void;
  /** Every 20 ms; without a frame nothing was there, and time goes on. */
  tick(frame: Int16Array | undefined, now: number): void;
  close(): void;
}

async function openSide(address: string): Promise<Side> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, () => resolve());
  });
  // A port that nobody listens on any more is told by ICMP; there is nothing to do about it here.
  socket.on('error', () => {});
  const stream = createStream(socket);
  return {
    port: socket.address().port,
    get sending() {
      return stream.target !== undefined;
    },
    sendTo: stream.sendTo,
    tick: stream.tick,
    close() {
      stream.bye();
      // What was handed to the system last is sent first.
      socket.close();
    },
  };
}

function createStream(socket: Socket) {
  const ssrc = randomInt(1, 0xffffffff);
  const cname = randomInt(0, 2 ** 47).toString(36);
  let sequence = randomInt(0, 0x8000);
  let timestamp = randomInt(0, 0x7fffffff);
  let marker = true;
  let packets = 0;
  let bytes = 0;
  let ticks = 0;
  let target: ForkTarget | undefined;
  let srtp: SrtpSender | undefined;

  function send(buffer: Uint8Array, length: number, port: number): void {
    socket.send(buffer, 0, length, port, target!.host, () => {}); // Told by ICMP or not at all: as above.
  }

  function report(now: number, bye: boolean): void {
    if (!target || packets === 0) return;
    const sender = { ...ntpTime(now), rtpTimestamp: timestamp, packets, bytes };
    const plain = buildRtcp({ ssrc, sender, cname, ...(bye ? { bye } : {}) });
    const buffer = Buffer.alloc(plain.length + srtpOverhead);
    plain.copy(buffer);
    const length = srtp ? srtp.protectRtcp(buffer, plain.length) : plain.length;
    if (typeof length === 'number') send(buffer, length, target.rtcpPort);
  }

  return {
    get target() {
      return target;
    },
    sendTo(next: ForkTarget) {
      target = next;
      marker = true;
      srtp =
        next.srtp &&
        new SrtpSender({ suite: next.srtp.suite, keyAndSalt: Buffer.from(next.srtp.keyAndSalt, 'base64') });
    },
    tick(frame: Int16Array | undefined, now: number) {
      timestamp = (timestamp + frameSamples) >>> 0;
      if (!target) return;
      if (++ticks % reportEveryFrames === 0) report(now, false);
      if (!frame) {
        marker = true;
        return;
      }
      const buffer = Buffer.alloc(rtpHeaderBytes + frameSamples + srtpOverhead);
      writeRtpHeader(buffer, target.payloadType, marker, sequence, timestamp, ssrc);
      encodeG711(target.law, frame, buffer, rtpHeaderBytes);
      const plain = rtpHeaderBytes + frameSamples;
      const length = srtp ? srtp.protectRtp(buffer, plain) : plain;
      sequence = (sequence + 1) & 0xffff;
      marker = false;
      packets++;
      bytes += frameSamples;
      if (typeof length === 'number') send(buffer, length, target.port);
    },
    bye: () => report(Date.now(), true),
  };
}
