// The agent desk in a real browser, by its controls: Chromium with a tone as its microphone, signed in, the shift begun.
// The page is the product's own, untouched; only the browser is prepared: what the line brings is measured by an analyser on
// each RTCPeerConnection, and the microphone's processing is off, because noise suppression removes a pure tone.

import type { Browser, Page } from 'playwright-core';
import { eventually } from '../eventually.ts';
import { heardTones } from '../media/tones.ts';
import { launchChromium } from './chromium.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface DeskOptions {
  url: string;
  login: string;
  password: string;
  toneHz: number;
  /** English unless told. */
  lang?: 'ja' | 'en';
  /** Signs in but does not begin the shift. */
  beforeShift?: boolean;
  viewport?: { width: number; height: number };
  /** How long each control may take to appear. 30 s unless told. */
  patienceMs?: number;
  /** A certificate (PEM) that the browser believes besides those of its authorities. */
  trusts?: string;
}

export interface DeskPage {
  readonly browser: Browser;
  readonly page: Page;
  startShift(): Promise<void>;
  available(): Promise<void>;
  notReady(reason?: string): Promise<void>;
  placeTestCall(): Promise<void>;
  /** Waits until it rings, and answers. */
  answer(): Promise<void>;
  decline(): Promise<void>;
  hold(): Promise<void>;
  resume(): Promise<void>;
  mute(): Promise<void>;
  unmute(): Promise<void>;
  digits(digits: string): Promise<void>;
  /** By the queue's label in the language of the page. */
  transfer(queueLabel: string): Promise<void>;
  hangUp(): Promise<void>;
  /** Ends after-call work. */
  done(): Promise<void>;
  dial(numberOrAlias: string): Promise<void>;
  reload(): Promise<void>;
  alias(): Promise<string>;
  /** The agent's state, as the page shows it. */
  state(): Promise<string>;
  waitForState(state: string, withinMs?: number): Promise<void>;
  /** The tones (tones.ts) that the line has brought in the last third of a second. */
  hears(): Promise<number[]>;
  waitToHear(tones: readonly number[], withinMs?: number): Promise<void>;
  /** What the page wrote to the console as errors, and exceptions nobody caught. */
  errors(): string[];
  close(): Promise<void>;
}

/** Runs in the page before any of its code. */
const preparation = `(() => {
  const media = navigator.mediaDevices;
  const open = media.getUserMedia.bind(media);
  media.getUserMedia = (wanted = {}) => {
    const audio = typeof wanted.audio === 'object' ? wanted.audio : {};
    const plain = { ...audio, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    return open(wanted.audio ? { ...wanted, audio: plain } : wanted);
  };
  const Plain = window.RTCPeerConnection;
  const lines = [];
  window.__lines = lines;
  window.RTCPeerConnection = class extends Plain {
    constructor(...settings) {
      super(...settings);
      this.addEventListener('track', ({ track }) => {
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        analyser.fftSize = 16384;
        context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
        lines.push({ connection: this, analyser, context });
      });
    }
  };
  window.__heard = () => {
    const up = lines.filter(({ connection }) => connection.connectionState === 'connected').at(-1);
    if (!up) return { sampleRateHz: 48000, samples: [] };
    void up.context.resume();
    const samples = new Float32Array(up.analyser.fftSize);
    up.analyser.getFloatTimeDomainData(samples);
    return { sampleRateHz: up.context.sampleRate, samples: Array.from(samples, (sample) => Math.round(sample * 32767)) };
  };
})();`;

export async function openDesk(t: Teardown, options: DeskOptions): Promise<DeskPage> {
  const { url, login, password, lang = 'en', patienceMs = 30_000 } = options;
  const { browser, close } = await launchChromium({
    toneHz: options.toneHz,
    ...(options.trusts === undefined ? {} : { trusts: options.trusts }),
  });
  t.teardown(close);

  const context = await browser.newContext({ viewport: options.viewport ?? { width: 1280, height: 900 } });
  await context.grantPermissions(['microphone'], { origin: new URL(url).origin });
  await context.addInitScript(preparation);
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(new URL(`/?lang=${lang}`, url).href);
  const desk = { browser, errors: () => errors, close, ...controls(page, patienceMs) };
  await signIn(page, lang, login, password);
  if (!options.beforeShift) await desk.startShift();
  return desk;
}

const names = {
  en: { login: 'Login', password: 'Password', signIn: 'Sign in' },
  ja: { login: 'ログイン名', password: 'パスワード', signIn: 'サインイン' },
};

export async function signIn(page: Page, lang: 'ja' | 'en', login: string, password: string): Promise<void> {
  await page.getByLabel(names[lang].login, { exact: true }).fill(login);
  await page.getByLabel(names[lang].password, { exact: true }).fill(password);
  await page.getByRole('button', { name: names[lang].signIn, exact: true }).click();
}

function controls(page: Page, patienceMs: number) {
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const press = (name: string) => button(name).click();
  const agentState = page.getByTestId('agent-state');

  async function waitForState(state: string, withinMs = patienceMs): Promise<void> {
    await page.locator(`[data-testid="agent-state"][data-state="${state}"]`).waitFor({ timeout: withinMs });
  }

  async function hears(): Promise<number[]> {
    const heard = (await page.evaluate('window.__heard()')) as { sampleRateHz: number; samples: number[] };
    return heardTones(Int16Array.from(heard.samples), { sampleRateHz: heard.sampleRateHz });
  }

  return {
    page,
    async startShift() {
      await press('Start shift');
      await agentState.waitFor();
    },
    async available() {
      await press('Available');
      await waitForState('available');
    },
    async notReady(reason = 'Break') {
      await press('Not ready');
      await page.getByRole('menuitem', { name: reason, exact: true }).click();
    },
    placeTestCall: () => press('Place a test call'),
    async answer() {
      await press('Answer');
      await button('Hang up').waitFor();
    },
    decline: () => press('Decline'),
    async hold() {
      await press('Hold');
      await button('Resume').waitFor();
    },
    async resume() {
      await press('Resume');
      await button('Hold').waitFor();
    },
    async mute() {
      await press('Mute');
      await button('Unmute').waitFor();
    },
    async unmute() {
      await press('Unmute');
      await button('Mute').waitFor();
    },
    async digits(digits: string) {
      const keypad = button('Keypad');
      if ((await keypad.getAttribute('aria-expanded')) !== 'true') await keypad.click();
      for (const digit of digits) {
        const sent = page.waitForResponse((response) => response.url().endsWith('/commands/digits'));
        await press(digit);
        await sent;
      }
    },
    async transfer(queueLabel: string) {
      await press('Transfer');
      await press(`Transfer to ${queueLabel}`);
    },
    hangUp: () => press('Hang up'),
    async done() {
      await press('Done');
      await waitForState('available');
    },
    async dial(numberOrAlias: string) {
      await page.getByRole('textbox', { name: 'Number or alias' }).fill(numberOrAlias);
      await press('Call');
    },
    async reload() {
      await page.reload();
    },
    async alias() {
      return (await page.getByTestId('alias').textContent()) ?? '';
    },
    async state() {
      return (await agentState.getAttribute('data-state')) ?? '';
    },
    waitForState,
    hears,
    async waitToHear(tones: readonly number[], withinMs = 60_000) {
      let last: number[] = [];
      const wanted = JSON.stringify(tones);
      try {
        await eventually(
          'the tones',
          async () => {
            last = await hears();
            return JSON.stringify(last) === wanted;
          },
          { withinMs },
        );
      } catch (thrown) {
        throw new Error(`the desk hears ${JSON.stringify(last)}, not ${wanted}`, { cause: thrown });
      }
    },
  };
}
