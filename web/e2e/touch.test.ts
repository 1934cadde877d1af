import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../server/test/needs.ts';
import { type DemoBrowser, openDemo, PAGE_LIMIT_MS } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;
const UPRIGHT = { width: 390, height: 844 };
const ACROSS = { width: 844, height: 390 };
const PAGES = ['now', 'history', 'energy', 'machines', 'baseline', 'anomalies', 'forecast', 'system'] as const;

describeWith('CHROMIUM', 'the web app on a phone', (executablePath) => {
  let demo: DemoBrowser;
  let page: Page;

  beforeAll(async () => {
    demo = await openDemo(executablePath, 'factory', 2);
    const state = await demo.page.context().storageState();
    const context = await demo.browser.newContext({
      viewport: UPRIGHT,
      isMobile: true,
      hasTouch: true,
      storageState: state,
    });
    page = await context.newPage();
    page.setDefaultTimeout(PAGE_LIMIT_MS);
  });
  afterAll(() => demo?.close());

  const open = async (name: string) => {
    await page.goto(`${demo.service.url}/ui/${name}`);
    await page.locator('h1').waitFor();
  };

  it.each(PAGES)('keeps %s visible in the bar, and reaches every other page', async (name) => {
    await open(name);
    const bar = page.getByRole('navigation');
    await bar.getByRole('button', { name: 'More' }).waitFor();
    const current = bar.locator('[aria-current="page"]');
    await current.waitFor();
    const boxes = await bar.locator('a, button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()));
    expect(boxes).toHaveLength(6);
    for (const { left, right, width, height } of boxes) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(UPRIGHT.width);
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(24);
    }
    await bar.getByRole('button', { name: 'More' }).tap();
    expect(await page.getByRole('menuitem').count()).toBe(PAGES.length - 5);
    await page.keyboard.press('Escape');
  });

  it.each(['energy?unit=quarter', 'machines?unit=quarter', 'baseline', 'anomalies'])(
    'keeps the buttons for the previous and the next period of %s side by side',
    async (name) => {
      await open(name);
      const earlier = (await page.getByRole('button', { name: 'Earlier' }).boundingBox())!;
      const later = (await page.getByRole('button', { name: 'Later' }).boundingBox())!;
      expect(later.y).toBe(earlier.y);
      expect(later.x).toBeGreaterThanOrEqual(earlier.x + earlier.width);
      expect(later.x + later.width).toBeLessThanOrEqual(UPRIGHT.width);
    },
  );

  it('opens a page from the menu', async () => {
    await open('now');
    await page.getByRole('navigation').getByRole('button', { name: 'More' }).tap();
    await page.screenshot({ path: `${OUTPUT}phone-more.png` });
    await page.getByRole('menuitem', { name: 'System' }).tap();
    await page.waitForURL('**/ui/system*');
    await page.getByRole('navigation').locator('[aria-current="page"]', { hasText: 'System' }).waitFor();
  });

  it.each([
    ['energy', 'New tariff'],
    ['system', 'Repair samples'],
  ])('adapts a dialog of %s when the phone is rotated', async (name, button) => {
    await page.setViewportSize(ACROSS);
    await open(name);
    await page.getByRole('button', { name: button }).tap();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    for (const size of [UPRIGHT, ACROSS, UPRIGHT]) {
      await page.setViewportSize(size);
      await expect
        .poll(async () => {
          const box = (await dialog.boundingBox())!;
          return box.x >= 0 && box.x + box.width <= size.width && box.y >= 0 && box.y + box.height <= size.height;
        })
        .toBe(true);
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(size.width);
    }
    await page.screenshot({ path: `${OUTPUT}phone-dialog-${name}.png` });
    await page.setViewportSize(UPRIGHT);
  });
});
