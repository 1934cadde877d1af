import type { Anomaly } from '@wattkeeper/contract/analytics/anomaly.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Service } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { type DemoBrowser, expectAccessible, expectFitsPhone, openDemo } from './demo-browser.ts';

describeWith('CHROMIUM', 'anomalies in a browser', (executablePath) => {
  let demo: DemoBrowser;
  let service: Service;
  let page: Page;
  const panel = (name: string | RegExp) => page.getByRole('region', { name });
  const dialog = () => page.getByRole('dialog');

  beforeAll(async () => {
    demo = await openDemo(executablePath, 'factory', 60, 'Anomalies');
    ({ service, page } = demo);
  });
  afterAll(() => demo?.close());

  it('are detected automatically or on request, and shown immediately', async () => {
    await panel('Timeline').getByRole('button', { name: 'Detect now' }).click();
    await panel('Timeline').getByRole('button', { name: 'Detect now', disabled: false }).waitFor();
    // The last days may have no anomaly: the API detects those of the last fifty days.
    const devices = await service.json<{ items: { name: string }[] }>('/api/v1/machines');
    for (const { name } of devices.items) {
      const body = { machine_id: name, start: new Date(Date.now() - 50 * 86_400_000).toISOString() };
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      expect((await service.request('/api/v1/anomaly/detect', init)).status).toBe(200);
    }
    // With other weeks before it, an event of the last days may not be anomalous: the stored anomalies count, not those of the last detection.
    const found = (await service.json<{ items: unknown[] }>('/api/v1/anomaly')).items.length;
    expect(found).toBeGreaterThan(0);
    await page.getByText('90 days', { exact: true }).click();
    await expect.poll(() => panel('Anomalies').locator('tbody tr').count()).toBe(found);
    await expect.poll(() => panel('Timeline').locator('button[data-severity]').count()).toBe(found);
  });

  it('shows measured and expected values of one anomaly, and its features', async () => {
    await panel('Anomalies').locator('tbody tr').first().getByRole('button').click();
    await dialog()
      .getByRole('img', { name: /expected range/ })
      .waitFor();
    await dialog().getByText('Size of the deviation').waitFor();
    await dialog().getByText('Contributing features').waitFor();
    expect(new URL(page.url()).searchParams.get('event')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('accepts a label and a comment, and can be resolved', async () => {
    await dialog().getByText('No, normal operation').click();
    await dialog().getByText('normal operation').waitFor();
    await dialog().getByLabel('Comment').fill('the Christmas party');
    await dialog().getByRole('button', { name: 'Resolve' }).click();
    await dialog().getByText('the Christmas party').waitFor();
    await dialog().getByRole('button', { name: 'Reopen' }).waitFor();
    await dialog().getByRole('button', { name: 'Close' }).click();
    await page.getByText('Resolved', { exact: true }).click();
    await expect.poll(() => panel('Anomalies').locator('tbody tr').count()).toBe(1);
    await page.getByText('All', { exact: true }).click();
  });

  it('moves from bar to bar with the arrow keys, from left to right', async () => {
    const line = panel('Timeline')
      .getByRole('toolbar')
      .filter({ has: page.locator('button:nth-child(2)') })
      .first();
    const bars = line.getByRole('button');
    await bars.last().focus();
    await page.keyboard.press('Home');
    await expect.poll(() => bars.first().evaluate((bar) => bar === document.activeElement)).toBe(true);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => bars.nth(1).evaluate((bar) => bar === document.activeElement)).toBe(true);
    expect(await line.locator('button[tabindex="0"]').count()).toBe(1);
    expect(await bars.nth(1).getAttribute('aria-label')).toMatch(/(Warning|Critical), (open|resolved)$/);
    const edges = await bars.evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect().left));
    expect(edges).toEqual(edges.toSorted((a, b) => a - b));
  });

  it('are drawn over the history of their device, and can be hidden there', async () => {
    const [event] = (await service.json<{ items: Anomaly[] }>('/api/v1/anomaly')).items;
    const { machine_id: machine, metric_name: metric } = event as Anomaly;
    await page.goto(new URL(`/ui/history?range=90d&series=${machine}:${metric}`, page.url()).href);
    const notes = page.getByRole('region', { name: 'Anomalies' });
    await notes
      .getByRole('link', { name: `: ${event?.machine_name}` })
      .first()
      .waitFor();
    const chart = page.getByRole('img', { name: /Line chart/ }).first();
    const withBands = await chart.screenshot();
    await page.getByRole('checkbox', { name: 'Anomalies' }).uncheck();
    await notes.waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('anomalies')).toBe('0');
    await expect.poll(async () => (await chart.screenshot()).equals(withBands)).toBe(false);
    await page.getByRole('checkbox', { name: 'Anomalies' }).check();
    await notes.getByRole('link').first().click();
    await dialog().getByText('Size of the deviation').waitFor();
    await dialog().getByRole('button', { name: 'Close' }).click();
  });

  it('fits a phone and has no serious accessibility violation', async () => {
    await panel('Anomalies').locator('tbody tr').first().getByRole('button').waitFor();
    await expectAccessible(page);
    await expectFitsPhone(page);
  });
});
