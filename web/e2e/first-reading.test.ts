import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { openBrowser, signIn } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;

describeWith('CHROMIUM', "a user's first reading", (executablePath) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(executablePath);
  });
  afterAll(() => browser?.close());

  const withService = (environment: Record<string, string>) => {
    const folder = temporaryFolder();
    const world = {} as { service: Service; page: Page };
    beforeAll(async () => {
      world.service = await startService(folder.path, environment);
      world.page = await signIn(browser, world.service);
    });
    afterAll(async () => {
      await world.service?.stop();
      folder.remove();
    });
    const report = async (values: Record<string, number>, device = 'my inverter') => {
      const timestamp = new Date().toISOString();
      const answer = await postReadings(world.service, { device_id: device, timestamp, values });
      expect(answer.status).toBeLessThan(300);
    };
    return { world, report };
  };

  describe('on an empty service', () => {
    const { world, report } = withService({});

    it('is live on the open page, as are later devices and metrics', async () => {
      const { page } = world;
      await page.getByText('No readings yet').waitFor();
      await report({ 'solar.power_kw': 3.21 });
      await page.getByRole('heading', { name: 'Now' }).waitFor();
      await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
      const picture = page.getByRole('region', { name: 'Energy flow' });
      await picture.getByText('3.21', { exact: false }).first().waitFor();
      // A new metric of the device, a new device, and a device of another kind.
      await report({ 'battery.soc_percent': 74, 'battery.power_kw': 1.5 });
      await picture.getByText('74', { exact: false }).first().waitFor();
      await report({ 'grid.power_kw': 2.75 }, 'my meter');
      await picture.getByText('2.75', { exact: false }).first().waitFor();
      await page.screenshot({ path: `${OUTPUT}first-reading.png` });
    });

    it('leads to a forecast later, without errors before', async () => {
      const { page } = world;
      await report({ 'load.power_kw': 0.5 });
      await page.getByRole('navigation').getByRole('link', { name: 'Forecast' }).click();
      await page.getByText('Not enough history').waitFor();
      expect(await page.getByText('The request is not valid').count()).toBe(0);
      await page.screenshot({ path: `${OUTPUT}forecast-too-early.png` });
    });

    it('reaches a page that is open elsewhere in the app: the navigation gains Machines with the first machine', async () => {
      const { page, service } = world;
      await page.getByRole('navigation').getByRole('link', { name: 'System' }).click();
      const headers = { 'content-type': 'application/json' };
      await service.json('/api/v1/devices', { method: 'POST', headers, body: '{"name":"Press","kind":"machine"}' });
      await page.getByRole('navigation').getByRole('link', { name: 'Machines' }).waitFor();
    });
  });

  describe('next to the demo', () => {
    const { world, report } = withService({ WATTKEEPER_DEMO__ENABLED: 'true', WATTKEEPER_DEMO__HISTORY_DAYS: '1' });

    it('leads from the demo to the new site, where the reading is live', async () => {
      const { page } = world;
      await page.getByText('Demo home').first().waitFor();
      await report({ 'solar.power_kw': 4.32 });
      await page.getByRole('button', { name: 'Site: Home. Select another' }).waitFor();
      await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
      await page.getByRole('region', { name: 'Energy flow' }).getByText('4.32', { exact: false }).first().waitFor();
    });

    it('is one click away from the demo, which no longer claims to be live', async () => {
      const { page, service } = world;
      const { items } = await service.json<{ items: { id: string; is_demo: boolean }[] }>('/api/v1/sites');
      const demo = items.find(({ is_demo: isDemo }) => isDemo)!;
      await page.goto(`${service.url}/ui/now?site=${demo.id}`);
      await page.getByText('Your readings arrive at the site Home.').waitFor();
      await page.screenshot({ path: `${OUTPUT}demo-own-site.png` });
      await page.getByRole('link', { name: 'Show Home' }).click();
      await page.getByRole('region', { name: 'Energy flow' }).getByText('4.32', { exact: false }).first().waitFor();
    });
  });
});
