// How long a caller waits on the whole program with its embedded parts (SIP server, border, flow, media, database): from
// INVITE to 100 and to 200, and from the 200 to the first packet and to the first sound that can be heard. One call at a
// time, by a caller that does nothing else. The program is the build (npm run build), started as its users start it.

import type { Socket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { decodeG711 } from '../src/protocol/rtp/g711.ts';
import { newRtpHeader, parseRtp } from '../src/protocol/rtp/packet.ts';
import { codecsNamed } from '../src/protocol/sdp/codecs.ts';
import { createAudioOffer } from '../src/protocol/sdp/offer-answer.ts';
import { serializeSdp } from '../src/protocol/sdp/session-description.ts';
import { projectRoot } from '../src/shared/paths.ts';
import { type RunningEngawa, startEngawa } from '../test/support/centre/engawa.ts';
import { boundSocket, Caller } from './caller.ts';
import { type Bench, median, notMeasured, Repeats } from './figures.ts';

const callsPerRepeat = 20;
const warmUpCalls = 5;
/** Samples beyond this are sound: about -40 dBm0. */
const audible = 300;

interface Times {
  tryingMs: number;
  answeredMs: number;
  firstPacketMs: number;
  firstSoundMs: number;
}

/** When the first packet and the first sound arrive, on the clock of `performance.now`. */
function listen(socket: Socket): Promise<{ packetAt: number; soundAt: number }> {
  let packetAt = 0;
  const header = newRtpHeader();
  const samples = new Int16Array(1500);
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('no sound within 10 s of a call')), 10_000).unref();
    socket.on('message', (packet) => {
      const read = parseRtp(packet, header);
      if (typeof read === 'string' || read.payloadType !== 0) return;
      packetAt ||= performance.now();
      const count = decodeG711('PCMU', packet, samples, read.payloadStart, read.payloadEnd);
      if (samples.subarray(0, count).some((each) => Math.abs(each) > audible)) {
        resolve({ packetAt, soundAt: performance.now() });
      }
    });
  });
}

async function placeCall(to: { host: string; port: number }, number: string): Promise<Times> {
  const sip = await boundSocket();
  const rtp = await boundSocket();
  try {
    const caller = new Caller(sip, to, number);
    const offer = createAudioOffer({
      address: '127.0.0.1',
      port: rtp.address().port,
      sessionId: '1',
      version: '1',
      codecs: codecsNamed(['PCMU']),
      rtcpMux: false,
    });
    const sound = listen(rtp);
    const trying = caller.heard(/^SIP\/2\.0 1/).then(() => performance.now());
    const final = caller.heard(/^SIP\/2\.0 [2-6]/);
    const startedAt = performance.now();
    caller.send('INVITE', 1, '', serializeSdp(offer));
    const answer = await final;
    const answeredAt = performance.now();
    const toTag = /^To:.*;tag=([^;\s]+)/im.exec(answer)?.[1] ?? '';
    caller.send('ACK', 1, toTag);
    if (!answer.startsWith('SIP/2.0 200')) throw new Error(`the call was refused: ${answer.split('\r\n')[0]}`);
    const { packetAt, soundAt } = await sound;
    const ended = caller.heard(/CSeq: 2 BYE/i);
    caller.send('BYE', 2, toTag);
    await ended;
    return {
      tryingMs: (await trying) - startedAt,
      answeredMs: answeredAt - startedAt,
      firstPacketMs: packetAt - answeredAt,
      firstSoundMs: soundAt - answeredAt,
    };
  } finally {
    sip.close();
    rtp.close();
  }
}

async function oneRepeat(engawa: RunningEngawa, repeats: Repeats): Promise<void> {
  const times: Times[] = [];
  for (let call = 0; call < callsPerRepeat; call++) times.push(await placeCall(engawa.sip, engawa.numbers[0]!));
  const add = (name: string, pick: (each: Times) => number) => {
    const values = times.map(pick);
    repeats.add(`${name}, median of ${callsPerRepeat} calls`, 'ms', median(values));
    repeats.add(`${name}, worst of ${callsPerRepeat} calls`, 'ms', Math.max(...values));
  };
  add('INVITE to 100', (each) => each.tryingMs);
  add('INVITE to 200', (each) => each.answeredMs);
  add('200 to first packet', (each) => each.firstPacketMs);
  add('200 to first sound', (each) => each.firstSoundMs);
}

export const bench: Bench = {
  name: 'call-setup',
  async run(context) {
    if (!existsSync(join(projectRoot, 'dist/src/cli/engawa.js'))) {
      return [notMeasured('INVITE to 200', 'ms', 'there is no build: npm run build')];
    }
    const undo: (() => unknown)[] = [];
    const repeats = new Repeats();
    try {
      const teardown = { teardown: (each: () => unknown) => void undo.push(each) };
      const engawa = await startEngawa(teardown, { config: { log: { level: 'info' } } });
      for (let call = 0; call < warmUpCalls; call++) await placeCall(engawa.sip, engawa.numbers[0]!);
      for (let repeat = 0; repeat < context.repeats; repeat++) {
        context.say(`repeat ${repeat + 1}`);
        await oneRepeat(engawa, repeats);
      }
    } catch (error) {
      repeats.refuse(error instanceof Error ? error.message : String(error));
    } finally {
      for (const each of undo.reverse()) await each();
    }
    return repeats.figures({ name: 'INVITE to 200', unit: 'ms' });
  },
};
