import { mkdirSync } from 'node:fs';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { expectAccessible, expectFitsPhone, openBrowser, signIn } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;
/** A day that has passed, in UTC. */
const DAY = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 48 * HOUR_MS;
const iso = (instant: number) => new Date(instant).toISOString();

describeWith('CHROMIUM', 'a jump of a counter, in a browser', (executablePath) => {
  const folder = temporaryFolder();
  let service: Service;
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(OUTPUT, { recursive: true });
    service = await startService(folder.path);
    const sent = Array.from({ length: 48 }, (_, hour) => ({
      device_id: 'Meter',
      timestamp: iso(DAY + (hour - 12) * HOUR_MS),
      values: { 'grid.energy_imported_kwh': (hour < 30 ? 20_000 : 31_000) + hour / 2 },
    }));
    expect((await postReadings(service, sent)).status).toBe(202);
    browser = await openBrowser(executablePath);
  });
  afterAll(async () => {
    await browser?.close();
    await service.stop();
    folder.remove();
  });

  const imported = async () => {
    const path = `/api/v1/analytics/energy-balance?start=${iso(DAY)}&end=${iso(DAY + 24 * HOUR_MS)}`;
    return (await service.json<{ totals: { import_kwh: number } }>(path)).totals.import_kwh;
  };

  it('is a finding of its day, and the user decides there how it is counted', async () => {
    expect(await imported()).toBeCloseTo(11.5, 6);
    const page = await signIn(browser, service);
    await page.getByRole('navigation').getByRole('link', { name: 'System' }).click();
    const panel = page.getByRole('region', { name: 'Data quality' });
    await panel.getByLabel('Day').fill(iso(DAY).slice(0, 10));
    const row = panel.getByRole('row', { name: /rose by more than the rated power of the device allows/ });
    await row.getByRole('button', { name: 'Decide' }).click();
    const dialog = page.getByRole('dialog', { name: 'How much energy to count' });
    await dialog.getByRole('button', { name: /The disputed amount: 11,000.5/ }).click();
    await expectAccessible(page);
    await expectFitsPhone(page);
    await page.screenshot({ path: `${OUTPUT}counter-decision.png` });
    await dialog.getByRole('button', { name: 'Decide' }).click();
    await panel.getByText(/11000.5 counted by decision/).waitFor();
    expect(await imported()).toBeCloseTo(11_012, 6);
    await panel.getByRole('button', { name: 'Decide' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Undo the decision' }).click();
    await panel.getByText(/nothing counted between/).waitFor();
    expect(await imported()).toBeCloseTo(11.5, 6);
  });
});
