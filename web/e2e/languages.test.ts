import { mkdirSync } from 'node:fs';
import type { SchedulerStatus } from '@wattkeeper/contract/job.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../server/test/needs.ts';
import { LANGUAGES } from '../src/data/preferences.ts';
import { loadMessages } from '../src/messages/catalogues.ts';
import { metricText } from '../src/messages/known-text.ts';
import { textOf } from '../src/messages/lookup.ts';
import { type DemoBrowser, openDemo } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;
/** Names that are the same in every language. */
const PROPER_NAMES = new Set(['Import', 'Migration']);

describeWith('CHROMIUM', 'German and Polish in a browser', (executablePath) => {
  let demo: DemoBrowser;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(OUTPUT, { recursive: true });
    demo = await openDemo(executablePath, 'home', 2);
    ({ page } = demo);
  });
  afterAll(() => demo?.close());

  it.each(LANGUAGES)('translate every metric of the catalogue: %s', async (language) => {
    const { items } = await demo.service.json<{ items: Metric[] }>('/api/v1/metrics-catalogue');
    const text = textOf(await loadMessages(language), language);
    const labels = items.map(({ name }) => metricText(text, name, `${name} has no text`));
    expect(labels.filter((label) => label.endsWith('has no text'))).toEqual([]);
    if (language === 'en') expect(labels).toEqual(items.map(({ label }) => label));
  });

  it.each([
    ['Deutsch', 'Aufgaben', 'Stufe|Hochtarif|Niedertarif|Festpreis|dynamisch'],
    ['Polski', 'Zadania', 'próg|szczyt|poza szczytem|cena stała|dynamiczna'],
  ])('show no English name of a job, feature or band: %s', async (language, jobsTitle, bands) => {
    await page.getByRole('banner').getByRole('button').last().click();
    await page.getByRole('menuitemradio', { name: language }).click();
    await page.keyboard.press('Escape');
    await page.goto(page.url().replace(/\/ui\/.*/, '/ui/system'));
    const { jobs } = await demo.service.json<SchedulerStatus>('/api/v1/scheduler/status');
    const table = page.getByRole('region', { name: jobsTitle }).first();
    await expect.poll(() => table.locator('tbody tr').count()).toBe(jobs.length);
    const shown = await table.locator('tbody th').allInnerTexts();
    const english = jobs
      .flatMap(({ title, description }) => [title, description])
      .filter((one) => !PROPER_NAMES.has(one));
    expect(shown.flatMap((one) => one.split('\n')).filter((line) => english.includes(line))).toEqual([]);
    await page.screenshot({ path: `${OUTPUT}system-${language}.png`, fullPage: true });
    await page.goto(page.url().replace(/\/ui\/.*/, '/ui/energy?unit=year'));
    await page
      .getByRole('rowheader', { name: new RegExp(`^(${bands})`) })
      .first()
      .waitFor();
    await page.screenshot({ path: `${OUTPUT}energy-${language}.png`, fullPage: true });
  });
});
