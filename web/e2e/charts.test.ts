import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../server/test/needs.ts';
import { type DemoBrowser, openDemo } from './demo-browser.ts';

describeWith('CHROMIUM', 'charts in a browser', (executablePath) => {
  let demo: DemoBrowser;
  let page: Page;

  beforeAll(async () => {
    demo = await openDemo(executablePath, 'home', 2);
    ({ page } = demo);
    await page.setViewportSize({ width: 1200, height: 500 });
  });
  afterAll(() => demo?.close());

  /** Moves the pointer over the first chart. */
  const pointAtChart = async () => {
    const plot = page.locator('.u-over').first();
    await plot.waitFor();
    await plot.scrollIntoViewIfNeeded();
    await plot.hover();
  };
  const scrolled = () => page.evaluate(() => scrollY);

  it.each(['now', 'history'])('let the wheel alone scroll the page %s', async (name) => {
    await page.goto(`${demo.service.url}/ui/${name}`);
    await pointAtChart();
    const before = await scrolled();
    const address = page.url();
    await page.mouse.wheel(0, before > 0 ? -120 : 120);
    await expect.poll(scrolled).not.toBe(before);
    expect(page.url()).toBe(address);
  });

  it('zoom with Ctrl and the wheel, without scrolling the page', async () => {
    await page.goto(`${demo.service.url}/ui/history`);
    await pointAtChart();
    const before = await scrolled();
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -120);
    await page.keyboard.up('Control');
    await page.waitForURL(/start=|from=/);
    expect(await scrolled()).toBe(before);
  });
});
