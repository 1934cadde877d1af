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

    it('show the load ahead with its band, the peak, and their error against no model', async () => {
      const load = panel(/^Load of/);
      await load.getByRole('img', { name: /as foretold with its band/ }).waitFor();
      await load.locator('summary').click();
      await expect.poll(() => load.locator('tbody tr').count()).toBe(24);
      await panel('Next peak').getByText('How much').waitFor();
      const accuracy = panel('How good it is');
      await accuracy.getByText(/compared with what was measured/).waitFor();
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
        await expect.poll(() => load.locator('tbody tr').count()).toBe(slots);
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
      await expectAccessible(page);
      await expectFitsPhone(page);
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
