import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';

const PATIENCE_MS = 60_000;

describeWith('CHROMIUM', 'forecasts in a browser', (executablePath) => {
  let browser: Browser;
  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
    browser = await chromium.launch({ executablePath, args });
  }, PATIENCE_MS);
  afterAll(() => browser?.close(), PATIENCE_MS);

  describe.each([
    { profile: 'home', days: '45' },
    { profile: 'factory', days: '45' },
  ])('of the demo $profile', ({ profile, days }) => {
    const folder = temporaryFolder();
    let service: Service;
    let page: Page;
    const panel = (name: string | RegExp) => page.getByRole('region', { name });

    beforeAll(async () => {
      service = await startService(folder.path, {
        WATTKEEPER_DEMO__ENABLED: 'true',
        WATTKEEPER_DEMO__PROFILE: profile,
        WATTKEEPER_DEMO__HISTORY_DAYS: days,
      });
      page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(service.signInLink);
      await page.waitForURL('**/ui/now*');
      await page.getByRole('navigation').getByRole('link', { name: 'Forecast' }).click();
    }, PATIENCE_MS * 2);

    afterAll(async () => {
      await page?.context().close();
      await service?.stop();
      folder.remove();
    }, PATIENCE_MS);

    it('show the load ahead with its band, the peak, and their error against no model', async () => {
      const load = panel(/^Load of/);
      await load.getByRole('img', { name: /as foretold with its band/ }).waitFor();
      await load.locator('summary').click();
      await expect.poll(() => load.locator('tbody tr').count()).toBe(24);
      await panel('Next peak').getByText('How much').waitFor();
      const accuracy = panel('How good it is');
      await accuracy.getByText(/held against what came/).waitFor();
      await accuracy.locator('summary').click();
      await expect.poll(() => accuracy.locator('tbody tr').count()).toBeGreaterThan(3);
    });

    it('reach an hour and a week as well', async () => {
      const load = panel(/^Load of/);
      for (const [horizon, slots] of [
        ['1 hour', 4],
        ['7 days', 7],
      ] as const) {
        await page.getByText(horizon, { exact: true }).click();
        await load.locator('summary').waitFor();
        await expect.poll(() => load.locator('tbody tr').count(), { timeout: PATIENCE_MS }).toBe(slots);
      }
      await page.getByText('24 hours', { exact: true }).click();
    });

    it('say when to run what can wait', async () => {
      const shift = panel('When to run what can wait');
      await shift.getByLabel('Energy').fill('3');
      await shift.getByRole('button', { name: 'Find the best time' }).click();
      await shift.getByText(/^Run Dishwasher \d\d:\d\d–\d\d:\d\d/).waitFor();
      await shift.getByText('Start', { exact: true }).waitFor();
    });

    it('fit a phone and have no serious accessibility fault', async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
      }
      await page.setViewportSize({ width: 390, height: 844 });
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
      await page.setViewportSize({ width: 1600, height: 1000 });
    });

    if (profile === 'factory') {
      it('are there for each machine', async () => {
        await page.getByLabel('Load of', { exact: true }).selectOption({ label: 'Demo: Drying oven' });
        await panel('Load of Demo: Drying oven').getByRole('img').waitFor();
        expect(await panel('When to run what can wait').count()).toBe(0);
      });
    } else {
      it('tell what the roof will give', async () => {
        await panel('Solar power')
          .getByRole('img', { name: /under a clear sky/ })
          .waitFor();
      });
    }
  });
});
