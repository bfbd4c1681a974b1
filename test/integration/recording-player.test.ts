// A browser plays an opened recording: left and right apart, the whole length.

import t from 'tap';
import { launchChromium } from '../support/centre/chromium.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';
import { chromiumPath, missing } from '../support/servers/peers.ts';

interface Heard {
  seconds: number;
  channels: number;
  /** Per channel: loudness of the first half and of the second. */
  sides: [[number, number], [number, number]];
}

/** Runs in the page, so it is text: this project's compiler settings are not the page's. */
const listenInPage = `async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const audio = await new OfflineAudioContext(2, 48000, 48000).decodeAudioData(bytes.buffer);
  const loudness = (channel, fromS, toS) => {
    const part = audio.getChannelData(channel).subarray(fromS * 48000, toS * 48000);
    return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / part.length);
  };
  const sides = [0, 1].map((channel) => [loudness(channel, 0.1, 1.4), loudness(channel, 1.6, 2.9)]);
  return { seconds: audio.duration, channels: audio.numberOfChannels, sides };
}`;

t.test(
  'Chromium decodes a recording, with each side on its own channel',
  { skip: missing(chromiumPath) },
  async (t) => {
    const { recorder, open, openWithUs } = await recordingBench(t);
    const { recordingId, tapUrl } = await open();
    const tap = await connectTap(tapUrl);
    await tap.send({ leftHz: 440, rightHz: 0, ms: 1500 });
    await tap.send({ leftHz: 0, rightHz: 660, ms: 1500 });
    await tap.close();
    await recorder.stop(recordingId);
    const { ogg } = await openWithUs(recordingId);

    const { browser, close } = await launchChromium();
    t.teardown(close);
    const page = await browser.newPage();
    const heard = (await page.evaluate(`(${listenInPage})("${Buffer.from(ogg).toString('base64')}")`)) as Heard;
    t.equal(heard.channels, 2);
    t.ok(Math.abs(heard.seconds - 3) < 0.02, `${heard.seconds} s`);
    const [[leftFirst, leftThen], [rightFirst, rightThen]] = heard.sides;
    t.ok(leftFirst > 0.1 && rightThen > 0.1, 'both tones are there');
    t.ok(leftThen < 0.001 && rightFirst < 0.001, 'and nowhere else');
  },
);
