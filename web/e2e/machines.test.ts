import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';

const PATIENCE_MS = 60_000;
const OUTPUT = new URL('./output/', import.meta.url).pathname;

describeWith('CHROMIUM', 'machines in a browser', (executablePath) => {
  const folder = temporaryFolder();
  let service: Service;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(OUTPUT, { recursive: true });
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

  async function expectAccessible(): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    }
  }

  /** Pictures for people, in both schemes, wide and narrow. */
  async function lookAt(name: string): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const width of [390, 1600]) {
        await page.setViewportSize({ width, height: 1000 });
        await page.screenshot({ path: `${OUTPUT}${name}-${colorScheme}-${width}.png`, fullPage: true });
      }
    }
  }

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

  it('makes a key figure of one’s own, which is checked while it is written', async () => {
    const panel = page.getByRole('region', { name: 'Custom key figures', exact: true });
    await panel.getByText('There is no custom key figure yet.').waitFor();
    await panel.getByRole('button', { name: 'New key figure' }).click();
    const dialog = page.getByRole('dialog', { name: 'New key figure' });
    await dialog.getByLabel('Name').fill('Work per unit');
    await dialog.getByLabel('Try it with').selectOption('Demo: Packaging line');
    const expression = dialog.getByLabel('Expression');
    await expression.fill('kpi.energy + hours()');
    await dialog.getByText('Column 12: + has kWh on its left and h on its right').waitFor();
    expect(await dialog.locator('mark').textContent()).toBe('+');
    await lookAt('custom-kpi-wrong');
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
    await lookAt('custom-kpi-dialog');
    await expectAccessible();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const values = panel.getByRole('region', { name: 'Values of custom key figures' });
    // Five of the eight machines produce something; the others say why they have no value.
    await expect.poll(() => values.getByText(/^[\d.,]+ Wh\/unit$/).count()).toBe(5);
    expect(await values.getByTitle(/^production\.count is reported neither/).count()).toBe(3);
    await lookAt('custom-kpis');
  });

  it('changes and removes it', async () => {
    const panel = page.getByRole('region', { name: 'Custom key figures', exact: true });
    await panel.getByRole('button', { name: 'Change Work per unit' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change Work per unit' });
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
    await panel.getByText('There is no custom key figure yet.').waitFor();
  });

  it('fits a phone and has no serious accessibility fault', async () => {
    await expectAccessible();
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
  });
});
