import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../server/test/needs.ts';
import { type DemoBrowser, expectAccessible, expectFitsPhone, openDemo, takeScreenshots } from './demo-browser.ts';

describeWith('CHROMIUM', 'machines in a browser', (executablePath) => {
  let demo: DemoBrowser;
  let page: Page;

  beforeAll(async () => {
    demo = await openDemo(executablePath, 'factory', 90);
    ({ page } = demo);
  });
  afterAll(() => demo?.close());

  it('shows the key figures of the factory, with a link to each baseline', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Machines' }).click();
    const figures = page.getByRole('region', { name: 'Key figures' });
    await expect.poll(() => figures.locator('tbody tr').count()).toBe(8);
    await figures.getByText('kWh/unit').first().waitFor();
    await figures
      .getByRole('row', { name: /Demo: Drying oven/ })
      .getByRole('link', { name: 'Train a baseline' })
      .click();
    await page.getByRole('heading', { name: 'Energy baseline', exact: true }).waitFor();
    await page.getByRole('region', { name: 'Baseline of Demo: Drying oven' }).waitFor();
    await page.goBack();
    await figures.first().waitFor();
  });

  it('has a page for each machine: figures, power and anomalies', async () => {
    const figures = page.getByRole('region', { name: 'Key figures' });
    await expect.poll(() => figures.getByRole('img', { name: /^Mean power of/ }).count()).toBe(8);
    await figures.getByRole('link', { name: 'Demo: Drying oven' }).click();
    await page.getByRole('heading', { name: 'Demo: Drying oven', level: 1 }).waitFor();
    await figures.getByText('Peak demand').waitFor();
    await page.getByRole('region', { name: 'Power' }).getByRole('img').waitFor();
    await page.getByRole('region', { name: 'Anomalies' }).waitFor();
    await takeScreenshots(page, 'machine');
    await expectAccessible(page);
    await expectFitsPhone(page);
    await page.goBack();
    await figures.getByRole('link', { name: 'Demo: Drying oven' }).waitFor();
  });

  it('creates a custom key figure, which is validated during input', async () => {
    const panel = page.getByRole('region', { name: 'Custom key figures', exact: true });
    await panel.getByText('No custom key figures yet.').waitFor();
    await panel.getByRole('button', { name: 'New key figure' }).click();
    const dialog = page.getByRole('dialog', { name: 'New key figure' });
    await dialog.getByLabel('Name').fill('Work per unit');
    await dialog.getByLabel('Test with').selectOption('Demo: Packaging line');
    const expression = dialog.getByLabel('Expression');
    await expression.fill('kpi.energy + hours()');
    await dialog.getByText('Column 12: + has kWh on its left and h on its right').waitFor();
    expect(await dialog.locator('mark').textContent()).toBe('+');
    await takeScreenshots(page, 'custom-kpi-wrong');
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await expression.fill('kpi.energy /');
    await dialog.getByLabel('Insert').selectOption('sum(production.count)');
    expect(await expression.inputValue()).toBe('kpi.energy / sum(production.count)');
    const result = dialog.getByRole('status');
    await expect.poll(() => result.textContent()).toMatch(/^Result[\d.,]+ kWh\/unit/);
    await dialog.getByLabel('Unit').fill('Wh');
    await dialog.getByText('"Wh" does not fit: the expression is in kWh/unit').waitFor();
    await dialog.getByLabel('Unit').fill('Wh/unit');
    await expect.poll(() => result.textContent()).toMatch(/^Result[\d.,]+ Wh\/unit/);
    await takeScreenshots(page, 'custom-kpi-dialog');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const values = panel.getByRole('region', { name: 'Values of custom key figures' });
    // Five of the eight machines report production; the others show why they have no value.
    await expect.poll(() => values.getByText(/^[\d.,]+ Wh\/unit$/).count()).toBe(5);
    expect(await values.getByTitle(/^production\.count is reported neither/).count()).toBe(3);
    await takeScreenshots(page, 'custom-kpis');
  });

  it('changes and removes it', async () => {
    const panel = page.getByRole('region', { name: 'Custom key figures', exact: true });
    await panel.getByRole('button', { name: 'Edit Work per unit' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit Work per unit' });
    await dialog.getByLabel('Name').fill('Mean power');
    await dialog.getByLabel('Unit').fill('');
    await dialog.getByLabel('Expression').fill('kpi.energy / hours()');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await panel.getByRole('rowheader', { name: 'Mean power' }).waitFor();
    await panel
      .getByText(/^[\d.,]+ kW$/)
      .first()
      .waitFor();
    await panel.getByRole('button', { name: 'Delete Mean power' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await panel.getByText('No custom key figures yet.').waitFor();
  });

  it('fits a phone and has no serious accessibility violation', async () => {
    await expectAccessible(page);
    await expectFitsPhone(page);
  });
});
