// The media of a browser without a browser: answers our WebRTC offer through node-datachannel (ICE, DTLS-SRTP), sends its own
// tone as PCMU, keeps and measures what it hears. node-datachannel must be used from one thread per process: several robots
// in one test process are fine, worker threads are not. Chromium is the peer that shares no code with us (test/e2e).

import { randomInt } from 'node:crypto';
import { Audio, cleanup, PeerConnection, type Track } from 'node-datachannel';
import { decodeG711, encodeG711 } from '../../../src/protocol/rtp/g711.ts';
import { buildRtp, newRtpHeader, packetKind, parseRtp } from '../../../src/protocol/rtp/packet.ts';
import { ownAddress } from '../own-address.ts';
import { heardTones } from './tones.ts';

export interface RobotMedia {
  /** Our offer's answer, complete with candidates. It sends its tone from when ICE and DTLS are up. */
  answer(sdpOffer: string): Promise<string>;
  readonly open: boolean;
  /** The tones of the last `lastMs`; less audio than half of that counts as silence. */
  hears(lastMs?: number): number[];
  /** What was heard in the last `lastMs`. */
  pcm(lastMs: number): Int16Array;
  /** Root of the mean square of the last `lastMs`: for ringback and music, which are nobody's tone. */
  loudness(lastMs?: number): number;
  /** Pauses between two packets that were longer than 60 ms. */
  readonly gapsMs: number[];
  packetsReceived(): number;
  /** Another tone from now on. */
  say(toneHz: number): void;
  /** Sends nothing from now on, as a browser whose network is gone. */
  silence(): void;
  /** Ends as a browser that closes its page: the far end is told by DTLS. */
  close(): void;
}

/** What a bad line would do to what the robot sends. May be changed while it sends. */
export interface Impairment {
  /** Every so many packets one is lost. */
  lossEvery?: number;
  /** Every other packet is so much later, less than a packet’s 20 ms. */
  lateMs?: number;
}

const tickMs = 20;
const frameSamples = 160;
const keptFrames = 1000;

let count = 0;
/** The library crashes now and then when what it made is collected as garbage while its own threads run. */
const kept: unknown[] = [];

/** At the end of the process's work with it: the library keeps the process alive otherwise. */
export function endRobotMedia(): void {
  cleanup();
}

/** A TURN server over UDP: its audio goes that way and no other. */
export interface RobotRelay {
  hostname: string;
  port: number;
  username: string;
  password: string;
}

export function createRobotMedia(firstToneHz: number, impairment: Impairment = {}, relay?: RobotRelay): RobotMedia {
  let toneHz = firstToneHz;
  const peer = new PeerConnection(`robot-${++count}`, {
    iceServers: relay ? [{ ...relay, relayType: 'TurnUdp' }] : [],
    ...(relay ? { iceTransportPolicy: 'relay' } : {}),
    bindAddress: ownAddress,
    disableAutoNegotiation: true,
  });
  kept.push(peer);
  const ssrc = randomInt(1, 2 ** 31);
  const gapsMs: number[] = [];
  const header = newRtpHeader();
  let heard: { at: number; samples: Int16Array }[] = [];
  let track: Track | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sequence = randomInt(0, 65536);
  let timestamp = randomInt(0, 2 ** 31);
  let sampleAt = 0;
  let received = 0;
  let sent = 0;
  let lastAt = 0;
  let closed = false;
  let onClosed = () => {};

  function onPacket(packet: Buffer): void {
    if (packetKind(packet) !== 'rtp') return;
    const read = parseRtp(packet, header);
    if (typeof read === 'string' || read.payloadType !== 0) return;
    const now = performance.now();
    received++;
    if (lastAt > 0 && now - lastAt > 60) gapsMs.push(Math.round(now - lastAt));
    lastAt = now;
    const samples = new Int16Array(read.payloadEnd - read.payloadStart);
    decodeG711('PCMU', packet, samples, read.payloadStart, read.payloadEnd);
    heard.push({ at: now, samples });
    if (heard.length > keptFrames * 2) heard = heard.slice(-keptFrames);
  }

  function sendFrame(): void {
    const step = (2 * Math.PI * toneHz) / 8000;
    const samples = Int16Array.from({ length: frameSamples }, (_, i) =>
      Math.round(8000 * Math.sin(step * (sampleAt + i))),
    );
    sampleAt += frameSamples;
    const payload = Buffer.alloc(frameSamples);
    encodeG711('PCMU', samples, payload);
    const packet = buildRtp({ payloadType: 0, marker: sampleAt === frameSamples, sequence, timestamp, ssrc }, payload);
    sequence = (sequence + 1) & 0xffff;
    timestamp = (timestamp + frameSamples) >>> 0;
    sent++;
    if (impairment.lossEvery && sent % impairment.lossEvery === 0) return;
    if (impairment.lateMs && sent % 2 === 0) setTimeout(() => put(packet), impairment.lateMs);
    else put(packet);
  }

  function put(packet: Buffer): void {
    if (!closed && track?.isOpen()) track.sendMessageBinary(packet);
  }

  function last(lastMs: number): number[] {
    const since = performance.now() - lastMs;
    return heard.filter((each) => each.at >= since).flatMap((each) => [...each.samples]);
  }

  function startSending(): void {
    const startedAt = performance.now();
    let ticks = 0;
    const tick = () => {
      if (closed) return;
      const due = Math.floor((performance.now() - startedAt) / tickMs);
      for (; ticks <= due; ticks++) sendFrame();
      timer = setTimeout(tick, Math.max(1, startedAt + ticks * tickMs - performance.now()));
    };
    tick();
  }

  return {
    get open() {
      return !closed && track?.isOpen() === true;
    },
    gapsMs,
    pcm: (lastMs) => Int16Array.from(last(lastMs)),
    packetsReceived: () => received,
    async answer(sdpOffer) {
      const audio = new Audio(/^a=mid:(.*)$/m.exec(sdpOffer)?.[1]?.trim() ?? '0', 'SendRecv');
      audio.addAudioCodec(0, 'PCMU');
      audio.addSSRC(ssrc, `robot${count}`);
      const complete = new Promise<void>((resolve) =>
        peer.onGatheringStateChange((state) => state === 'complete' && resolve()),
      );
      // The line may end while it is being answered.
      const ended = new Promise<void>((resolve) => {
        onClosed = resolve;
      });
      track = peer.addTrack(audio);
      kept.push(audio, track);
      track.onMessage(onPacket);
      track.onOpen(startSending);
      peer.setRemoteDescription(sdpOffer, 'offer' as never);
      peer.setLocalDescription('answer' as never);
      await Promise.race([complete, ended]);
      return closed ? '' : peer.localDescription()!.sdp;
    },
    loudness(lastMs = 300) {
      const samples = last(lastMs);
      return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / Math.max(1, samples.length));
    },
    hears(lastMs = 300) {
      const samples = last(lastMs);
      return samples.length < lastMs * 4 ? [] : heardTones(Int16Array.from(samples));
    },
    say(hz) {
      toneHz = hz;
    },
    silence() {
      clearTimeout(timer);
      timer = undefined;
    },
    close() {
      if (closed) return;
      closed = true;
      onClosed();
      clearTimeout(timer);
      track?.close();
      peer.close();
    },
  };
}
