// A media server's side of many taps at once: conversation-like stereo in real time, as the embedded engine sends it (a frame
// of 200 ms every 200 ms). The sound is made once and shared.

import { WebSocket } from 'ws';
import { answerParent } from '../processes.ts';

const frameMs = 200;
const sampleRateHz = 8000;
const soundSeconds = 16;

/** Two people taking turns: a voice of gliding harmonics in syllables, with some breath of noise; line noise in between. */
function conversation(): Buffer {
  const samples = sampleRateHz * soundSeconds;
  const pcm = Buffer.alloc(samples * 4);
  let state = 1;
  const noise = () => {
    state = Math.imul(state, 1103515245) + 12345;
    return (state >> 16) / 32768;
  };
  const phases = [0, 0];
  for (let i = 0; i < samples; i++) {
    const seconds = i / sampleRateHz;
    const talking = Math.floor(seconds / 2) % 2;
    for (const side of [0, 1]) {
      const pitch = (side === 0 ? 120 : 210) * (1 + 0.15 * Math.sin(2 * Math.PI * 0.7 * seconds + side));
      phases[side]! += (2 * Math.PI * pitch) / sampleRateHz;
      const syllable = side === talking ? Math.max(0, Math.sin(2 * Math.PI * 3.3 * seconds)) : 0;
      let voice = 0;
      const formant = 600 + 400 * Math.sin(2 * Math.PI * 1.9 * seconds);
      for (let k = 1; k * pitch < 3400; k++)
        voice += Math.sin(k * phases[side]!) / (1 + ((k * pitch - formant) / 300) ** 2);
      const value = syllable * (4000 * voice + 600 * noise()) + 12 * noise();
      pcm.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(value))), i * 4 + side * 2);
    }
  }
  return pcm;
}

const frameBytes = (sampleRateHz / 1000) * frameMs * 4;

function send(urls: readonly string[], seconds: number): Promise<{ sentSeconds: number }> {
  const sound = conversation();
  const frames = Math.round((seconds * 1000) / frameMs);
  return Promise.all(urls.map((url, index) => sendOne(url, index, sound, frames))).then(() => ({
    sentSeconds: (frames * frameMs) / 1000,
  }));
}

async function sendOne(url: string, index: number, sound: Buffer, frames: number): Promise<void> {
  const socket = new WebSocket(url, 'audio.drachtio.org', { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.send(JSON.stringify({ callId: `bench-${index}` }));
  const startedAt = performance.now() + (index % 10) * 10;
  for (let frame = 0; frame < frames; frame++) {
    const wait = startedAt + frame * frameMs - performance.now();
    if (wait > 0) await new Promise<void>((resolve) => setTimeout(resolve, wait));
    const at = ((frame + index * 7) * frameBytes) % sound.length;
    socket.send(sound.subarray(at, at + frameBytes));
  }
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.close();
  });
}

answerParent((request: 'hello' | { urls: string[]; seconds: number }) =>
  request === 'hello' ? null : send(request.urls, request.seconds),
);
