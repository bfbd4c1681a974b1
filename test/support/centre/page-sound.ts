// What a page sends to the speaker, measured: an analyser beside whatever goes to the end of its audio graph.

import type { Page } from 'playwright-core';
import { eventually } from '../eventually.ts';
import { heardTones } from '../media/tones.ts';

/** Runs before the page's own code. */
export const soundPreparation = `(() => {
  const connect = AudioNode.prototype.connect;
  let analyser;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode) {
      if (analyser?.context !== this.context) {
        analyser = this.context.createAnalyser();
        analyser.fftSize = 16384;
      }
      connect.call(this, analyser);
    }
    return connect.call(this, to, ...more);
  };
  window.__sounds = () => {
    if (!analyser) return { sampleRateHz: 48000, samples: [] };
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    return { sampleRateHz: analyser.context.sampleRate, samples: Array.from(samples, (one) => Math.round(one * 32767)) };
  };
})();`;

/** The tones (tones.ts) of the last third of a second. */
export async function sounds(page: Page): Promise<number[]> {
  const { sampleRateHz, samples } = (await page.evaluate('window.__sounds()')) as {
    sampleRateHz: number;
    samples: number[];
  };
  return heardTones(Int16Array.from(samples), { sampleRateHz });
}

/** A recording of two seconds that has come to its end is played again until it was heard. */
export async function waitToSound(page: Page, what: string, wanted: readonly number[]): Promise<void> {
  const player = page.getByRole('region', { name: 'Player' });
  const play = player.getByRole('button', { name: 'Play', exact: true });
  await eventually(
    what,
    async () => {
      if (await play.isVisible()) {
        await player.getByLabel('Position').fill('300');
        await play.click();
      }
      return JSON.stringify(await sounds(page)) === JSON.stringify(wanted);
    },
    { withinMs: 90_000 },
  );
}
