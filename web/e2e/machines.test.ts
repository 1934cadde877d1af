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

  it('shows the key figures of the works, and trains a baseline with its criteria', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Machines' }).click();
    const figures = page.getByRole('region', { name: 'Key figures' });
    await expect.poll(() => figures.locator('tbody tr').count()).toBe(8);
    await figures.getByText('kWh/unit').first().waitFor();
    await figures.getByRole('button', { name: 'Demo: Drying oven' }).click();
    const baseline = page.getByRole('region', { name: 'Baseline of Demo: Drying oven' });
    await baseline.getByRole('button', { name: 'Train' }).click();
    await baseline.getByText('in use').waitFor();
    expect(await baseline.getByRole('row', { name: /plant default/ }).count()).toBe(3);
    await figures.getByText(/Version 1, R² 0\.9/).waitFor();
    await page
      .getByRole('region', { name: 'Against the baseline in this period' })
      .getByText(/at 90 %/)
      .waitFor();
  });

  it('keeps a poor model out of use until a person decides', async () => {
    await page.getByRole('button', { name: 'Demo: Chiller' }).click();
    const baseline = page.getByRole('region', { name: 'Baseline of Demo: Chiller' });
    await baseline.getByRole('checkbox', { name: 'operating hours' }).uncheck();
    await baseline.getByRole('button', { name: 'Train' }).click();
    await baseline.getByText('· not in use').waitFor();
    await baseline.getByText('not met').first().waitFor();
    await baseline.getByRole('button', { name: 'Put in use' }).click();
    await baseline.getByText('· in use').waitFor();
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
