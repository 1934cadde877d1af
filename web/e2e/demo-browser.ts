import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { type Service, startDemo, temporaryFolder } from '../../server/test/journeys/service.ts';

/** Limits the wait for a page that never loads; no test asserts the load time of a page. */
export const PAGE_LIMIT_MS = 180_000;

const OUTPUT = new URL('./output/', import.meta.url).pathname;

export function openBrowser(executablePath: string): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
  return chromium.launch({ executablePath, args });
}

/** Opens the service's first page as its administrator. */
export async function signIn(browser: Browser, service: Service, options?: BrowserContextOptions): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options })).newPage();
  page.setDefaultTimeout(PAGE_LIMIT_MS);
  await page.goto(service.signInLink);
  await page.waitForURL('**/ui/now*');
  return page;
}

/** Screenshots for review, in both colour schemes, on a phone, a tablet and a desktop. */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  mkdirSync(OUTPUT, { recursive: true });
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const width of [390, 1024, 1600]) {
      await page.setViewportSize({ width, height: 1000 });
      await page.screenshot({ path: `${OUTPUT}${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
}

/** A service with its own demo, and a browser that is signed in to it. */
export interface DemoBrowser {
  readonly service: Service;
  readonly browser: Browser;
  readonly page: Page;
  close(): Promise<void>;
}

/** Starts both and opens the named page, or stays on the first one. */
export async function openDemo(
  executablePath: string,
  profile: 'home' | 'factory',
  days: number,
  pageName?: string,
): Promise<DemoBrowser> {
  const folder = temporaryFolder();
  const service = await startDemo(folder.path, profile, days);
  const browser = await openBrowser(executablePath);
  const page = await signIn(browser, service);
  if (pageName) await page.getByRole('navigation').getByRole('link', { name: pageName }).click();
  return {
    service,
    browser,
    page,
    close: async () => {
      await browser.close();
      await service.stop();
      folder.remove();
    },
  };
}

/** Asserts that axe finds no serious violation in either theme. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
  }
}

/** Asserts that a phone has no horizontal scrolling. */
export async function expectFitsPhone(page: Page): Promise<void> {
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
  await page.setViewportSize({ width: 1600, height: 1000 });
}
