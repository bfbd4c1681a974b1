// A real browser as a party: Chromium with a microphone that plays a tone, one RTCPeerConnection per phone, and the tone that
// it hears measured inside the page. Not our softphone: only what a browser itself does with our SDP and packets.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';

export interface BrowserPhone {
  readonly page: Page;
  /** Answers our offer with the tone microphone; the SDP is complete (candidates gathered). */
  answer(sdpOffer: string): Promise<string>;
  offer(options?: { codec?: string; iceRestart?: boolean }): Promise<string>;
  acceptAnswer(sdpAnswer: string): Promise<void>;
  /** The strongest frequency heard over the last moment, in Hz, or 0 when it is quiet. */
  heardHz(): Promise<number>;
  sendDigits(digits: string, durationMs?: number): Promise<void>;
  /** Codec in use, packets each way, connection state, by getStats. */
  figures(): Promise<{
    codec: string;
    packetsReceived: number;
    packetsSent: number;
    packetsLost: number;
    state: string;
  }>;
}

export interface PhoneBrowser {
  newPhone(): Promise<BrowserPhone>;
  close(): Promise<void>;
}

/** Functions of the page, as source: they run in Chromium, not here. */
const pageSource = `<!doctype html><title>phone</title><script>
const pc = new RTCPeerConnection();
let analyser, context;
pc.ontrack = (event) => {
  // Without a sink Chromium does not decode; a muted element is enough.
  const audio = new Audio(); audio.srcObject = event.streams[0] ?? new MediaStream([event.track]); audio.muted = true; audio.play();
  context = new AudioContext();
  analyser = context.createAnalyser(); analyser.fftSize = 8192; analyser.smoothingTimeConstant = 0;
  context.createMediaStreamSource(audio.srcObject).connect(analyser);
};
const microphone = navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
async function gathered() {
  if (pc.iceGatheringState !== 'complete') await new Promise((resolve) => {
    pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && resolve());
    setTimeout(resolve, 3000);
  });
  return pc.localDescription.sdp;
}
async function addMicrophone() {
  const stream = await microphone;
  if (!pc.getSenders().some((sender) => sender.track)) pc.addTrack(stream.getAudioTracks()[0], stream);
}
window.answer = async (sdp) => {
  await pc.setRemoteDescription({ type: 'offer', sdp });
  await addMicrophone();
  await pc.setLocalDescription(await pc.createAnswer());
  return gathered();
};
window.offer = async ({ codec, iceRestart }) => {
  await addMicrophone();
  if (codec) {
    const all = RTCRtpSender.getCapabilities('audio').codecs;
    const wanted = all.filter((each) => each.mimeType.toLowerCase() === 'audio/' + codec.toLowerCase());
    const events = all.filter((each) => each.mimeType === 'audio/telephone-event');
    pc.getTransceivers()[0].setCodecPreferences([...wanted, ...events]);
  }
  await pc.setLocalDescription(await pc.createOffer({ iceRestart: iceRestart === true }));
  return gathered();
};
window.acceptAnswer = (sdp) => pc.setRemoteDescription({ type: 'answer', sdp });
window.heardHz = () => {
  if (!analyser) return 0;
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  let best = 0;
  for (let i = 1; i < bins.length; i++) if (bins[i] > bins[best]) best = i;
  return bins[best] < -55 ? 0 : (best * context.sampleRate) / analyser.fftSize;
};
window.sendDigits = (digits, duration) => pc.getSenders()[0].dtmf.insertDTMF(digits, duration, 70);
window.figures = async () => {
  const out = { codec: '', packetsReceived: 0, packetsSent: 0, packetsLost: 0, state: pc.connectionState };
  const stats = await pc.getStats();
  stats.forEach((each) => {
    if (each.type === 'inbound-rtp') { out.packetsReceived = each.packetsReceived; out.packetsLost = each.packetsLost; out.codec = stats.get(each.codecId)?.mimeType.slice(6) ?? ''; }
    if (each.type === 'outbound-rtp') out.packetsSent = each.packetsSent;
  });
  return out;
};
</script>`;

export async function openPhoneBrowser({ toneHz }: { toneHz: number }): Promise<PhoneBrowser> {
  const server: Server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(pageSource);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { browser, close } = await launchChromium({ toneHz });

  return {
    async newPhone() {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const call = <T>(name: string, ...args: unknown[]): Promise<T> =>
        page.evaluate(`window.${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`) as Promise<T>;
      return {
        page,
        answer: (sdpOffer) => call('answer', sdpOffer),
        offer: (options = {}) => call('offer', options),
        acceptAnswer: (sdpAnswer) => call('acceptAnswer', sdpAnswer),
        heardHz: () => call('heardHz'),
        sendDigits: (digits, durationMs = 120) => call('sendDigits', digits, durationMs),
        figures: () => call('figures'),
      };
    },
    async close() {
      await close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
