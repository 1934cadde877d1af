import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../../server/test/needs.ts';
import { type DemoBrowser, expectAccessible, expectFitsPhone, openDemo } from './demo-browser.ts';

const DAYS = 45;

describeWith('CHROMIUM', 'forecasts in a browser', (executablePath) => {
  describe.each(['home', 'factory'] as const)('of the demo %s', (profile) => {
    let demo: DemoBrowser;
    let page: Page;
    const panel = (name: string | RegExp) => page.getByRole('region', { name });

    beforeAll(async () => {
      demo = await openDemo(executablePath, profile, DAYS, 'Forecast');
      ({ page } = demo);
    });
    afterAll(() => demo?.close());

    it('show the load with its prediction interval, the peak, and the accuracy', async () => {
      const load = panel(/^Load forecast/);
      await load.getByRole('img', { name: /load forecast with prediction interval/ }).waitFor();
      await load.locator('summary').click();
      await expect.poll(() => load.locator('tbody tr').count()).toBe(24);
      await panel('Next peak').getByText('Power').waitFor();
      const accuracy = panel('Accuracy');
      await accuracy.getByText(/compared with measured values/).waitFor();
      await accuracy.locator('summary').click();
      await expect.poll(() => accuracy.locator('tbody tr').count()).toBeGreaterThan(3);
    });

    it('cover an hour and a week too', async () => {
      const load = panel(/^Load forecast/);
      for (const [horizon, slots] of [
        ['1 hour', 4],
        ['7 days', 7],
      ] as const) {
        await page.getByText(horizon, { exact: true }).click();
        await load.locator('summary').waitFor();
        await expect.poll(() => load.locator('tbody tr').count()).toBe(slots);
      }
      await page.getByText('24 hours', { exact: true }).click();
    });

    it('recommend when to run a shiftable load', async () => {
      const shift = panel('Best time for shiftable loads');
      await shift.getByLabel('Energy').fill('3');
      await shift.getByRole('button', { name: 'Find best time' }).click();
      await shift.getByText(/^Run Dishwasher \d\d:\d\d–\d\d:\d\d/).waitFor();
      await shift.getByText('Start', { exact: true }).waitFor();
    });

    it('fit a phone and have no serious accessibility violation', async () => {
      await expectAccessible(page);
      await expectFitsPhone(page);
    });

    if (profile === 'factory') {
      it('are available for each machine', async () => {
        await page.getByLabel('Load of', { exact: true }).selectOption({ label: 'Demo: Drying oven' });
        await panel('Load forecast: Demo: Drying oven').getByRole('img').waitFor();
        expect(await panel('Best time for shiftable loads').count()).toBe(0);
      });
    } else {
      it('show the solar power forecast', async () => {
        await panel('Solar power')
          .getByRole('img', { name: /clear-sky power/ })
          .waitFor();
      });
    }
  });
});
