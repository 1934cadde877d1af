import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { expectAccessible, expectFitsPhone, openBrowser, signIn, takeScreenshots } from './demo-browser.ts';

const QUARTER_MS = 15 * MINUTE_MS;
/** Forty days of quarter hours in Warsaw time, in winter; a cell far below the rows that detection reads is not a number. */
const ROWS = 40 * 96;
const CSV = [
  'Zeitpunkt;Bezug (kW)',
  ...Array.from({ length: ROWS }, (_, i) => {
    const [, year, month, day, clock] = /^(.*)-(.*)-(.*)T(.*):00\.000Z$/.exec(
      new Date(Date.UTC(2025, 0, 1) + i * QUARTER_MS).toISOString(),
    )!;
    return `${day}.${month}.${year} ${clock};${i === ROWS - 40 ? 'kaputt' : `1,${i % 10}`}`;
  }),
].join('\n');

describeWith('CHROMIUM', 'importing a file in a browser', (executablePath) => {
  const folder = temporaryFolder();
  let service: Service;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    service = await startService(folder.path);
    browser = await openBrowser(executablePath);
    page = await signIn(browser, service);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    folder.remove();
  });

  const ownSites = async () =>
    (await service.json<{ items: Site[] }>('/api/v1/sites')).items.filter(({ name }) => name === 'Our house');

  it('starts without readings, and shows a preview of the imported file, with units and time zone', async () => {
    await page.getByRole('button', { name: 'Connect your devices' }).click();
    await page.getByRole('link', { name: 'Import a file' }).click();
    await page.getByRole('heading', { name: 'Import a file' }).waitFor();
    await takeScreenshots(page, 'import-begin');
    const file = { name: 'Our house.csv', mimeType: 'text/csv', buffer: Buffer.from(CSV) };
    await page.getByLabel('Select a file').setInputFiles(file);
    await page.getByRole('heading', { name: 'Detected: table (CSV)' }).waitFor();
    await page.getByLabel('Time zone in the file').selectOption('Europe/Warsaw');
    await page.getByLabel('Site name').fill('Our house');
    await page.getByLabel('Site time zone').selectOption('Europe/Warsaw');
    await page.getByLabel('Currency').fill('pln');
    await page.getByLabel('Latitude').fill('52,2');
    await page.getByLabel('Longitude').fill('21');
    await page.getByLabel('Device kind').selectOption('meter');
    const preview = page.getByRole('region', { name: 'Preview' }).first();
    await preview.getByText('Times in Europe/Warsaw').waitFor();
    await preview
      .getByRole('row', { name: /2025-01-01 00:15:00\+01:00/ })
      .getByText('1.1', { exact: true })
      .waitFor();
    await preview.getByRole('columnheader', { name: /\[kW\]/ }).waitFor();
    await takeScreenshots(page, 'import-preview');
    await expectAccessible(page);
    await expectFitsPhone(page);
  });

  it('reports unreadable cells in the preview, and accepts corrections', async () => {
    const preview = page.getByRole('region', { name: 'Preview' }).first();
    const metric = preview.getByLabel('Metric of Bezug (kW)');
    const right = await metric.inputValue();
    await metric.fill('nonsense');
    await preview.getByRole('alert').waitFor();
    await metric.fill(right);
    await preview.getByRole('row', { name: /2025-01-01 00:15:00\+01:00/ }).waitFor();
    expect(await preview.getByRole('alert').count()).toBe(0);
  });

  it('reads everything in a dry run and stores nothing', async () => {
    await page.getByRole('button', { name: 'Dry run' }).click();
    const result = page.getByRole('status');
    await result.getByText('nothing was stored').waitFor();
    await result.getByText('3,839 valid values').waitFor();
    await result.getByText('1 value rejected').waitFor();
    await result.getByText(/^Line 3802: /).waitFor();
    expect(await ownSites()).toEqual([]);
    await takeScreenshots(page, 'import-dry');
  });

  it('imports, and leads to the new data', async () => {
    await page.getByRole('button', { name: 'Import file' }).click();
    const result = page.getByRole('status');
    await result.getByText('Imported into Our house').waitFor();
    await result.getByText('3,839 values stored').waitFor();
    await takeScreenshots(page, 'import-done');
    const items = await ownSites();
    expect(items).toMatchObject([
      { name: 'Our house', timezone: 'Europe/Warsaw', currency: 'PLN', latitude: 52.2, longitude: 21 },
    ]);
    await result.getByRole('link', { name: 'Show new data' }).click();
    await page.waitForURL('**/ui/history?*');
    const { searchParams } = new URL(page.url());
    expect([searchParams.get('from'), searchParams.get('site')]).toEqual(['2024-12-31T23:00:00.000Z', items[0]!.id]);
    await page
      .getByRole('img', { name: /^Line chart over time/ })
      .first()
      .waitFor();
    await takeScreenshots(page, 'import-history');
    await page.goBack();
  });

  it('does not import the same file twice', async () => {
    const file = { name: 'Our house.csv', mimeType: 'text/csv', buffer: Buffer.from(CSV) };
    await page.getByLabel('Select a file').setInputFiles(file);
    await page.getByLabel('Time zone in the file').selectOption('Europe/Warsaw');
    // The site exists now and is suggested.
    expect(await page.getByLabel('Site', { exact: true }).inputValue()).toBe('Our house');
    await page.getByRole('button', { name: 'Import file' }).click();
    await page.getByRole('status').getByText('Imported into Our house').waitFor();
    await page.getByRole('button', { name: 'Import file' }).click();
    await page.getByRole('status').getByText('already imported with the same settings').waitFor();
  });
});
