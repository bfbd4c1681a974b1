// Chromium for tests: headless, quiet on the network, with a tone as its microphone when asked.

import { createHash, X509Certificate } from 'node:crypto';
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

export interface ToneBrowserOptions {
  toneHz?: number;
  /** A certificate (PEM) that no authority signed, and that is believed all the same. */
  trusts?: string;
}

/** SHA-256 of the public key, as `--ignore-certificate-errors-spki-list` wants it. */
function keyHash(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

export async function launchChromium({ toneHz, trusts }: ToneBrowserOptions = {}): Promise<ToneBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-chromium-'));
  const tone = join(folder, 'tone.wav');
  if (toneHz !== undefined) writeFileSync(tone, toneWav(toneHz, 1000, { amplitude: 12_000 }));
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
      ...['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
      ...(toneHz === undefined ? [] : [`--use-file-for-fake-audio-capture=${tone}`]),
      ...(trusts === undefined ? [] : [`--ignore-certificate-errors-spki-list=${keyHash(trusts)}`]),
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
