// A page of somebody who is signed in, in a browser: its buttons, the proof that is asked for, pictures for whoever wants to look.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { eventually } from '../eventually.ts';
import { signIn } from './desk-page.ts';

/** Where pictures of pages go when somebody wants to look at them. */
const pictures = process.env['PAGE_PICTURES'];

export interface PageOptions {
  url: string;
  login: string;
  password: string;
  lang?: 'ja' | 'en';
  /** Runs before the page's own code. */
  preparation?: string;
  /** How long each control may take to appear. A minute unless told. */
  patienceMs?: number;
}

export interface SignedInPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** By its whole name, or a part of it. */
  button(name: string | RegExp): Locator;
  /** Proves to be there whenever the page asks for it, until `there` is so. English pages only. */
  proveUntil(there: () => Promise<boolean>): Promise<void>;
  /** In these languages, at 400 and 1280 points, where PAGE_PICTURES says. */
  picture(name: string, languages?: readonly string[]): Promise<void>;
  /** Exceptions that nobody caught, and what the page itself wrote as errors; that the server refused something is not among them. */
  errors(): string[];
}

export async function openPage(browser: Browser, options: PageOptions): Promise<SignedInPage> {
  const { url, login, password, lang = 'en', preparation, patienceMs = 60_000 } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  if (preparation) await context.addInitScript(preparation);
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(`${url}/?lang=${lang}`);
  await signIn(page, lang, login, password);
  const button = (name: string | RegExp) =>
    page.getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) });
  return {
    context,
    page,
    button,
    async proveUntil(there) {
      await eventually(
        'what comes after the proof',
        async () => {
          if (await there()) return true;
          const field = page.getByLabel('Your password');
          if (!(await field.isVisible().catch(() => false))) return false;
          await field.fill(password);
          await button('Go on').click();
          await field.waitFor({ state: 'hidden' });
          return false;
        },
        { withinMs: patienceMs },
      );
    },
    async picture(name, languages = ['日本語', 'English']) {
      if (!pictures) return;
      mkdirSync(pictures, { recursive: true });
      for (const language of languages) {
        if (languages.length > 1)
          await page.getByRole('radio', { name: language, includeHidden: true }).dispatchEvent('click');
        for (const width of [400, 1280]) {
          await page.setViewportSize({ width, height: 900 });
          await page.screenshot({ path: join(pictures, `${name}-${language}-${width}.png`), fullPage: true });
        }
      }
      await page.setViewportSize({ width: 1280, height: 900 });
    },
    errors: () => errors.filter((text) => !/Failed to load resource/.test(text)),
  };
}
