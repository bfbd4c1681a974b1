// Chromium for tests: headless, quiet on the network, with a tone as its microphone when asked.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { toneWav } from '../media/tones.ts';
import { chromiumPath } from '../servers/peers.ts';

export interface ToneBrowser {
  readonly browser: Browser;
  /** Also removes the file of its tone. Harmless when called twice. */
  close(): Promise<void>;
}

export async function launchChromium({ toneHz }: { toneHz?: number } = {}): Promise<ToneBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-chromium-'));
  const tone = join(folder, 'tone.wav');
  if (toneHz !== undefined) writeFileSync(tone, toneWav(toneHz, 1000, { amplitude: 12_000 }));
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
      ...['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
      ...(toneHz === undefined ? [] : [`--use-file-for-fake-audio-capture=${tone}`]),
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
  let closed: Promise<void> | undefined;
  return {
    browser,
    close() {
      closed ??= browser.close().finally(() => rmSync(folder, { recursive: true, force: true }));
      return closed;
    },
  };
}
