import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';

const PATIENCE_MS = 60_000;

describeWith('CHROMIUM', 'machines in a browser', (executablePath) => {
  const folder = temporaryFolder();
  let service: Service;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    service = await startService(folder.path, {
      WATTKEEPER_DEMO__ENABLED: 'true',
      WATTKEEPER_DEMO__PROFILE: 'factory',
      WATTKEEPER_DEMO__HISTORY_DAYS: '90',
    });
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
    browser = await chromium.launch({ executablePath, args });
    page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(service.signInLink);
    await page.waitForURL('**/ui/now*');
  }, PATIENCE_MS * 2);

  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    folder.remove();
  }, PATIENCE_MS);

  it('shows the key figures of the works, with the way to each baseline', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Machines' }).click();
    const figures = page.getByRole('region', { name: 'Key figures' });
    await expect.poll(() => figures.locator('tbody tr').count()).toBe(8);
    await figures.getByText('kWh/unit').first().waitFor();
    await figures
      .getByRole('row', { name: /Demo: Drying oven/ })
      .getByRole('link')
      .click();
    await page.getByRole('heading', { name: 'Baseline', exact: true }).waitFor();
    await page.getByRole('region', { name: 'Baseline of Demo: Drying oven' }).waitFor();
    await page.goBack();
    await figures.first().waitFor();
  });

  it('fits a phone and has no serious accessibility fault', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
  });
});
