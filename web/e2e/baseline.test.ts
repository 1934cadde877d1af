import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../server/test/needs.ts';
import { type DemoBrowser, expectAccessible, expectFitsPhone, openDemo } from './demo-browser.ts';

describeWith('CHROMIUM', 'baselines in a browser', (executablePath) => {
  let demo: DemoBrowser;
  let page: Page;

  beforeAll(async () => {
    demo = await openDemo(executablePath, 'factory', 90, 'Baseline');
    ({ page } = demo);
  });
  afterAll(() => demo?.close());

  const region = (name: string | RegExp) => page.getByRole('region', { name });
  const training = () => region('Train');

  it('finds machines by name, suggests drivers and gives reasons against the others', async () => {
    const machines = page.getByRole('region', { name: 'Machines' }).first();
    await expect.poll(() => machines.locator('tbody tr').count()).toBe(10);
    await machines.getByLabel('Name').fill('oven');
    await expect.poll(() => machines.locator('tbody tr').count()).toBe(1);
    await machines.getByRole('button', { name: 'Demo: Drying oven' }).click();
    await region('Baseline of Demo: Drying oven').getByText('no baseline yet').waitFor();
    await training().getByRole('button', { name: 'Suggest drivers' }).click();
    await training()
      .getByText(/^Suggested: .*Production.* \(adjusted R² 0\.9\d\d, [\d,]+ hours\)$/)
      .waitFor();
    expect(await training().getByRole('checkbox', { name: 'Production', exact: true }).isChecked()).toBe(true);
  });

  it('trains as a job, and shows the model with every criterion and chart', async () => {
    await training().getByRole('button', { name: 'Train', exact: true }).click();
    await training()
      .getByText(/^Version 1 of Demo: Drying oven: R² 0\.9\d\d, active$/)
      .waitFor();
    const model = region(/^Version 1 · active$/);
    expect(await model.getByRole('row', { name: /plant default/ }).count()).toBe(3);
    await model.getByRole('row', { name: /^Production/ }).waitFor();
    const baseline = region('Baseline of Demo: Drying oven');
    await baseline.getByText(/% · ± .* at 90 % · /).waitFor();
    // The window is the baseline period of the model.
    await baseline.getByText(/^± .* at 90 % · not valid$/).waitFor();
    for (const title of ['Measured and expected', 'Residuals', 'Driver contributions', 'Cumulative sum (CUSUM)']) {
      await baseline.getByRole('img', { name: `${title} of Demo: Drying oven over time` }).waitFor();
    }
    await baseline.getByRole('checkbox', { name: 'Show as a table' }).check();
    await baseline.getByRole('region', { name: 'Values' }).locator('tbody tr').first().waitFor();
  });

  it('compares versions, and does not activate a poor one without a decision of the user', async () => {
    await training().getByLabel('Model').selectOption('Best model (automatic)');
    await training().getByRole('button', { name: 'Train', exact: true }).click();
    await training()
      .getByText(/^Version 2 of/)
      .waitFor();
    await training().getByLabel('Model').selectOption('Linear');
    for (const box of await training().getByRole('checkbox').all()) await box.uncheck();
    await training().getByRole('checkbox', { name: 'Outdoor temperature' }).check();
    await training().getByRole('button', { name: 'Train', exact: true }).click();
    await training()
      .getByText(/^Version 3 of .* inactive$/)
      .waitFor();
    const versions = region('Compare versions').first();
    await versions.getByRole('columnheader', { name: 'Version 3' }).waitFor();
    await versions.getByRole('button', { name: 'Show version 3' }).click();
    await region(/^Version 3 · inactive$/)
      .getByText('not met')
      .first()
      .waitFor();
    expect(new URL(page.url()).searchParams.get('model')).not.toBeNull();
    await versions.getByRole('button', { name: 'Activate' }).first().click();
    await region(/^Version 3 · active$/).waitFor();
  });

  it('trains several machines together, and reports too little data', async () => {
    await page.getByRole('radio', { name: '7 days' }).check({ force: true });
    const machines = page.getByRole('region', { name: 'Machines' }).first();
    await machines.getByLabel('Name').fill('');
    await machines.getByRole('checkbox', { name: 'Select Demo: Chiller' }).check();
    await training().getByRole('button', { name: 'Train 2 machines' }).click();
    await expect
      .poll(() =>
        training()
          .getByText(/16\d hours of this window have energy .* needs 500/)
          .count(),
      )
      .toBe(2);
  });

  it('records a non-routine event, and adjusts the expected energy', async () => {
    const adjustments = region('Non-routine events').first();
    await adjustments.getByLabel('Energy').fill('120');
    await adjustments.getByLabel('Reason').fill('trial run');
    await adjustments.getByRole('button', { name: 'Add' }).click();
    await adjustments.getByRole('row', { name: /trial run/ }).waitFor();
    await region('Baseline of Demo: Drying oven')
      .getByText(/^non-routine adjustments: 1[12]\d/)
      .waitFor();
    await adjustments.getByRole('button', { name: 'Remove trial run' }).click();
    await adjustments.getByText('No events recorded.').waitFor();
  });

  it('offers figures and coefficients as downloads', async () => {
    const exported = async (item: string) => {
      await page.getByRole('button', { name: 'Export' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: item }).click(),
      ]);
      return readFileSync(await download.path(), 'utf8');
    };
    const figures = (await exported('Values (CSV)')).trim().split('\r\n');
    expect(figures[0]).toMatch(/^start,actual_kwh,predicted_kwh,deviation_kwh,cusum_kwh,/);
    expect(figures.length).toBeGreaterThan(150);
    expect(await exported('Coefficients (CSV)')).toMatch(/^term,coefficient,standard_error,t,p,vif\r\nintercept,/);
    expect(JSON.parse(await exported('Model (JSON)'))).toMatchObject({ machine_name: 'Demo: Drying oven' });
  });

  it('fits a phone and has no serious accessibility violation', async () => {
    await expectAccessible(page);
    await expectFitsPhone(page);
  });
});
