import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  postReadings,
  type Service,
  startService,
  TOKEN,
  temporaryFolder,
} from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { expectAccessible, expectFitsPhone, openBrowser, signIn, takeScreenshots } from './demo-browser.ts';

describeWith('CHROMIUM', 'past periods in a browser', (executablePath) => {
  const folder = temporaryFolder();
  let service: Service;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    service = await startService(folder.path);
    await service.json('/api/v1/devices', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Old press', kind: 'machine' }),
    });
    // The first quarter of 2023, at a constant 2 kW.
    const [start, end] = [Date.UTC(2023, 0, 1), Date.UTC(2023, 3, 1)];
    const readings = Array.from({ length: (end - start) / HOUR_MS }, (_, i) => ({
      device_id: 'Old press',
      timestamp: new Date(start + i * HOUR_MS).toISOString(),
      values: { 'energy.power_kw': 2 },
    }));
    await postReadings(service, readings);
    browser = await openBrowser(executablePath);
    page = await signIn(browser, service);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    folder.remove();
  });

  const open = (name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  const choose = (name: string) => page.getByRole('radio', { name, exact: true }).check({ force: true });

  it('lead from an empty period of Machines to the newest readings, then through months, quarters and years', async () => {
    await open('Machines');
    const figures = page.getByRole('region', { name: 'Key figures' });
    await figures.getByText('There are no readings in this period.').waitFor();
    await takeScreenshots(page, 'past-empty');
    await choose('Quarter');
    await figures
      .getByRole('button', { name: /Go to the newest data: .*31 Mar 2023|Go to the newest data: .*Mar 31, 2023/ })
      .click();
    const row = figures.getByRole('row', { name: /Old press/ });
    await row.getByText('100 %').waitFor();
    expect(await page.getByRole('combobox', { name: 'Quarter' }).inputValue()).toBe('1');
    expect(await page.getByRole('combobox', { name: 'Year' }).inputValue()).toBe('2023');
    await takeScreenshots(page, 'past-quarter');
    await choose('Month');
    await page.getByRole('combobox', { name: 'Month' }).selectOption('February');
    // 28 days of 2 kW, priced by the two bands of an industrial site: 12 h at 0.20 and 12 h at 0.10.
    await row.getByText('€201.60').waitFor();
    await page.getByRole('button', { name: 'Earlier' }).click();
    await row.getByText('€223.20').waitFor();
    await choose('Year');
    await row.getByText('€648.00').waitFor();
    await page.reload();
    await row.getByText('€648.00').waitFor();
    await page.getByRole('button', { name: 'Earlier' }).click();
    await figures.getByText('There are no readings in this period.').waitFor();
  });

  it('are available on Baseline, with any range', async () => {
    await open('Baseline');
    await page
      .getByRole('region', { name: 'Old press', exact: true })
      .getByRole('button', { name: /newest data/ })
      .click();
    await page.getByRole('region', { name: 'Old press', exact: true }).waitFor({ state: 'detached' });
    await page.getByLabel('From', { exact: true }).first().fill('2023-01-01T00:00');
    await page.getByLabel('To', { exact: true }).first().fill('2023-04-01T00:00');
    await page.getByRole('button', { name: 'Apply', exact: true }).click();
    await page.waitForURL((url) => url.searchParams.get('from') === String(Date.UTC(2023, 0, 1)));
    await takeScreenshots(page, 'past-baseline');
    await expectAccessible(page);
    await expectFitsPhone(page);
  });

  it('are available on Anomalies, and quarters on Energy & cost', async () => {
    await open('Anomalies');
    await choose('Year');
    await page.getByRole('combobox', { name: 'Year' }).selectOption('2023');
    await page.waitForURL((url) => url.searchParams.get('unit') === 'year');
    await open('Energy & cost');
    await choose('Quarter');
    await page.getByRole('button', { name: /newest data/ }).click();
    await page.getByText('Q1 2023').waitFor();
    await takeScreenshots(page, 'past-energy');
  });

  it('have reports', async () => {
    const api = (path: string, init: RequestInit = {}) =>
      fetch(`${service.url}/api/v1${path}`, { ...init, headers: { authorization: `Bearer ${TOKEN}` } });
    await api('/scheduler/jobs/reports/run', { method: 'POST' });
    const periods = async () =>
      ((await (await api('/analytics/reports?kind=monthly')).json()) as { items: { period: string }[] }).items.map(
        ({ period }) => period,
      );
    await expect.poll(periods).toEqual(['2023-03', '2023-02', '2023-01']);
  });
});
