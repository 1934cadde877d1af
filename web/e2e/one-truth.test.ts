import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../server/test/needs.ts';
import { type DemoBrowser, openDemo } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;

describeWith('CHROMIUM', 'figures shown in two places', (executablePath) => {
  let demo: DemoBrowser;
  let page: Page;

  beforeAll(async () => {
    demo = await openDemo(executablePath, 'factory', 2);
    ({ page } = demo);
  });
  afterAll(() => demo?.close());

  it('list every metered consumer, and call none of them unmetered', async () => {
    const consumers = page.getByRole('list', { name: 'Consumers by power' });
    await consumers.getByText('Demo: Building services').waitFor();
    expect(await consumers.locator('li').count()).toBe(9);
    expect(await page.getByText('Not metered').count()).toBe(0);
    const curve = page.getByRole('region', { name: 'Power today' });
    await curve.getByText('Machines', { exact: true }).waitFor();
    await curve.getByText('Other consumers', { exact: true }).waitFor();
    await page.screenshot({ path: `${OUTPUT}one-truth-now.png` });
  });

  it('compare today with yesterday up to the same time', async () => {
    await page.getByText('The mark and the second value show yesterday up to this time').waitFor();
  });

  it('show prices on the same colour scale on Now and on History', async () => {
    const scale = () =>
      page
        .locator('p', { hasText: /^Price€/ })
        .first()
        .textContent();
    const now = await scale();
    expect(now).toMatch(/€\d.*€\d/);
    await page.goto(`${demo.service.url}/ui/history?range=1h`);
    await page.getByLabel('Prices').first().setChecked(true);
    expect(await scale()).toBe(now);
  });
});
