import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  postReadings,
  type Service,
  settled,
  startService,
  temporaryFolder,
} from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { expectAccessible, expectFitsPhone, openBrowser, signIn } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;

describeWith('CHROMIUM', 'values that a store cannot accept, in a browser', (executablePath) => {
  const folder = temporaryFolder();
  let service: Service;
  let browser: Browser;
  const start = async () => {
    service = await startService(folder.path, {
      WATTKEEPER_INGEST__STORE_PAUSE_MS: '0',
      WATTKEEPER_STORES__0__TYPE: 'sqlite',
    });
  };
  const send = async (minute: number, tank: number) => {
    const timestamp = new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString();
    await postReadings(service, { device_id: 'Meter', timestamp, values: { 'rv.tank': tank } });
    await settled(service);
  };
  const execute = async (sql: string) => {
    await service.stop();
    const database = new DatabaseSync(join(folder.path, 'telemetry.sqlite'));
    database.exec(sql);
    database.close();
    await start();
  };

  beforeAll(async () => {
    mkdirSync(OUTPUT, { recursive: true });
    await start();
    browser = await openBrowser(executablePath);
  });
  afterAll(async () => {
    await browser?.close();
    await service.stop();
    folder.remove();
  });

  it('are listed on the System page with their reason, and can be retried and discarded there', async () => {
    await send(0, 1);
    await execute(
      `CREATE TRIGGER checked BEFORE INSERT ON group_0_0 WHEN NEW.q0 >= 1000 BEGIN SELECT RAISE(ABORT, 'tank is too full'); END`,
    );
    for (const [minute, tank] of [1500, 2, 1600].entries()) await send(minute + 1, tank);
    const page = await signIn(browser, service);
    await page.getByRole('navigation').getByRole('link', { name: 'System' }).click();
    const panel = page.getByRole('region', { name: 'Set-aside values' }).first();
    const row = panel.getByRole('row', { name: /sqlite rv\.tank 2 .*tank is too full/ });
    await row.waitFor();
    await page.getByText(/store sqlite cannot accept 2 values/).waitFor();
    await expectAccessible(page);
    await expectFitsPhone(page);
    await panel.screenshot({ path: `${OUTPUT}set-aside.png` });
    await panel.getByRole('button', { name: 'Retry' }).click();
    await panel.getByText('0 of 2 values accepted, 2 still set aside.').waitFor();
    await panel.getByRole('button', { name: 'Discard…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await panel.waitFor({ state: 'detached' });
    expect(await service.json('/api/v1/storage/set-aside')).toEqual({ items: [], next_cursor: null });
    await page.getByText(/store sqlite cannot accept 2 values/).waitFor({ state: 'detached' });
  });
});
