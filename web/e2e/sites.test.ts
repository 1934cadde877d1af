import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { expectAccessible, expectFitsPhone, openBrowser, signIn } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;
const PAGES = ['now', 'history', 'energy', 'machines', 'baseline', 'anomalies', 'forecast', 'system'] as const;

interface Item {
  readonly id: string;
  readonly name: string;
  readonly [field: string]: unknown;
}

describeWith('CHROMIUM', 'sites and devices in a browser', (executablePath) => {
  const folder = temporaryFolder();
  let service: Service;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    service = await startService(folder.path);
    const now = Date.now();
    for (const device of ['Roof', 'Old meter']) {
      const values = device === 'Roof' ? { 'solar.power_kw': 3 } : { 'grid.power_kw': 1 };
      await postReadings(
        service,
        Array.from({ length: 3 }, (_, i) => ({
          device_id: device,
          timestamp: new Date(now - i * HOUR_MS).toISOString(),
          values,
        })),
      );
    }
    browser = await openBrowser(executablePath);
    page = await signIn(browser, service, { timezoneId: 'Europe/Warsaw' });
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    folder.remove();
  });

  const itemsOf = async (list: string) => (await service.json<{ items: Item[] }>(`/api/v1/${list}`)).items;
  const find = async (list: string, name: string) => (await itemsOf(list)).find((item) => item.name === name);
  const openSystem = async () => {
    await page.goto(`${service.url}/ui/system`);
    // Panels grow while they load, and move the buttons below them.
    await page.waitForLoadState('networkidle');
  };

  it('never show a path or a method of the API to the user', async () => {
    for (const name of PAGES) {
      await page.goto(`${service.url}/ui/${name}`);
      await page.locator('h1, [role=alert]').first().waitFor();
      await page.waitForLoadState('networkidle');
      expect(await page.locator('body').textContent()).not.toMatch(/\/api\/v1|\b(?:GET|POST|PUT|PATCH|DELETE) \//);
    }
  });

  it('let the time zone and location of a site created by its first reading be set from Now', async () => {
    await page.goto(`${service.url}/ui/now`);
    await page.getByRole('button', { name: 'Set time zone and location' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Time zone').inputValue()).toBe('Europe/Warsaw');
    await dialog.getByLabel('Site name').fill('Gdańsk');
    await dialog.getByLabel('Currency').selectOption('PLN');
    await dialog.getByLabel('Country').selectOption('PL');
    await dialog.getByLabel(/^Latitude/).fill('54.35');
    await expectAccessible(page);
    await page.screenshot({ path: `${OUTPUT}site-dialog.png` });
    await dialog.getByRole('button', { name: 'Save' }).click();
    // A latitude without a longitude is not a valid location.
    expect(await dialog.getByLabel(/^Longitude/).evaluate((field) => field.matches(':invalid'))).toBe(true);
    await dialog.getByLabel(/^Longitude/).fill('18.65');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Set time zone and location' }).waitFor({ state: 'detached' });
    await page.getByText('Gdańsk').first().waitFor();
    expect(await find('sites', 'Gdańsk')).toMatchObject({
      timezone: 'Europe/Warsaw',
      currency: 'PLN',
      country: 'PL',
      latitude: 54.35,
      longitude: 18.65,
    });
  });

  it('can be added, and a device can be moved to the new site with its ratings', async () => {
    await openSystem();
    const sites = page.getByRole('region', { name: 'Sites' }).first();
    await sites.getByRole('button', { name: 'New site' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Site name').fill('Barn');
    expect(await dialog.getByLabel('Time zone').inputValue()).toBe('Europe/Warsaw');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await sites.getByRole('row', { name: /^Barn/ }).waitFor();
    const devices = page.getByRole('region', { name: 'Devices' }).first();
    await devices.getByRole('button', { name: 'Edit Roof' }).click();
    await dialog.getByLabel('Kind').selectOption('inverter');
    await dialog.getByLabel('Rated power').fill('9.9');
    await dialog.getByLabel('Site', { exact: true }).selectOption({ label: 'Barn' });
    await page.screenshot({ path: `${OUTPUT}device-dialog.png` });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await devices.getByRole('row', { name: /^Roof/ }).waitFor({ state: 'detached' });
    const barn = await find('sites', 'Barn');
    expect(await find('devices', 'Roof')).toMatchObject({ site_id: barn!.id, kind: 'inverter', rated_power_kw: 9.9 });
  });

  it('let a device be retired and reactivated', async () => {
    await openSystem();
    const devices = page.getByRole('region', { name: 'Devices' }).first();
    const row = devices.getByRole('row', { name: /^Old meter/ });
    for (const [checked, state] of [
      [true, 'retired'],
      [false, 'online'],
    ] as const) {
      await devices.getByRole('button', { name: 'Edit Old meter' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel(/^Retired/).setChecked(checked);
      await dialog.getByRole('button', { name: 'Save' }).click();
      await row.getByText(state, { exact: true }).waitFor();
    }
    expect(await find('devices', 'Old meter')).toMatchObject({ retired_at: null });
  });

  it('let a device that has readings be deleted only after its name is typed', async () => {
    await openSystem();
    const devices = page.getByRole('region', { name: 'Devices' }).first();
    await devices.getByRole('button', { name: 'Delete Old meter' }).click();
    const dialog = page.getByRole('dialog');
    const button = dialog.getByRole('button', { name: 'Delete' });
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel('To confirm, type Old meter').fill('Old mete');
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel('To confirm, type Old meter').fill('Old meter');
    await button.click();
    await devices.getByRole('row', { name: /^Old meter/ }).waitFor({ state: 'detached' });
    expect(await find('devices', 'Old meter')).toBeUndefined();
    await expectFitsPhone(page);
  });
});
