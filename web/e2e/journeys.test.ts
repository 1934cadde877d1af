import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startDemo, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { PAGE_LIMIT_MS } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;
const PAGES = ['now', 'history', 'energy', 'system'] as const;
const WIDTHS = [390, 1024, 1600] as const;

describeWith('CHROMIUM', 'the web app in a browser', (executablePath) => {
  const folder = temporaryFolder();
  let service: Service;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const failures: string[] = [];

  beforeAll(async () => {
    mkdirSync(OUTPUT, { recursive: true });
    service = await startDemo(folder.path, 'home', 8);
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ];
    browser = await chromium.launch({ executablePath, args });
    context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
    page = await context.newPage();
    page.setDefaultTimeout(PAGE_LIMIT_MS);
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('console', (message) => message.type() === 'error' && failures.push(message.text()));
  });

  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    folder.remove();
  });

  const open = async (name: string) => {
    await page.goto(`${service.url}/ui/${name}`);
    await page.locator('h1').waitFor();
  };

  it('signs in once with the printed link, and shows a live home', async () => {
    await page.goto(service.signInLink);
    await page.waitForURL('**/ui/now*');
    await page.getByText('Demo home').first().waitFor();
    await page.getByText('kWh').first().waitFor();
    failures.length = 0;
    const again = await browser.newContext();
    const other = await again.newPage();
    await other.goto(service.signInLink);
    await other.getByText('sign-in-link').first().waitFor();
    await again.close();
  });

  it('updates power values automatically', async () => {
    await open('now');
    const main = page.locator('main');
    const before = await main.textContent();
    await expect.poll(() => main.textContent(), { interval: 500 }).not.toBe(before);
  });

  it('draws history, and stores the view in the URL', async () => {
    await open('history?range=7d');
    await page.locator('canvas').first().waitFor();
    expect(page.url()).toContain('history');
  });

  it('creates a working API token, and shows it once', async () => {
    await open('system');
    await page.getByText('duckdb').first().waitFor();
    await page.getByLabel('Name of the new token').fill('browser test');
    await page.getByLabel('Expires').selectOption('in 30 days');
    await page.getByRole('button', { name: 'Create token' }).click();
    const token = ((await page.getByText(/^wk_/).first().textContent()) ?? '').trim();
    const answer = await fetch(`${service.url}/api/v1/devices`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
  });

  it.each(PAGES)(
    'page %s has no serious accessibility violation in light and dark; takes screenshots',
    async (name) => {
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 1000 });
          await open(name);
          await page.waitForLoadState('networkidle', { timeout: 10_000 }).catch((error: Error) => {
            // The live stream may keep the network busy, although the page is loaded.
            if (!error.message.includes('Timeout')) throw error;
          });
          await page.screenshot({ path: `${OUTPUT}${name}-${scheme}-${width}.png`, fullPage: true });
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect(overflow, `${name} at ${width} px scrolls sideways`).toBeLessThanOrEqual(0);
        }
        const { violations } = await new AxeBuilder({ page }).analyze();
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect(
          serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
        ).toEqual([]);
      }
    },
  );

  it('backs everything up and verifies it, with progress, on the System page', async () => {
    await open('system');
    const backups = page.getByRole('region', { name: 'Backups' });
    await backups.getByText('No backups yet.').waitFor();
    await backups.getByRole('button', { name: 'Back up now' }).click();
    await backups.getByRole('button', { name: 'Verify' }).waitFor();
    const row = backups.locator('tbody tr');
    expect(await row.locator('td').nth(2).textContent()).toBe('never');
    await backups.getByRole('button', { name: 'Verify' }).click();
    await expect.poll(async () => row.locator('td').nth(2).textContent()).toMatch(/20\d\d/);
    const jobs = page.getByRole('region', { name: 'Jobs' });
    await jobs
      .getByRole('row', { name: /^Backup / })
      .getByText('succeeded')
      .waitFor();
    await backups.getByRole('button', { name: 'Restore' }).click();
    const restoring = page.getByRole('dialog');
    await restoring.getByText('It takes effect at the next start of the service').waitFor();
    await restoring.getByLabel('Restore to this instant').fill('1999-01-01T00:00');
    await restoring.getByRole('button', { name: 'Restore' }).click();
    expect(await restoring.getByLabel('Restore to this instant').evaluate((field) => field.matches(':invalid'))).toBe(
      true,
    );
    await page.keyboard.press('Escape');
    const quality = page.getByRole('region', { name: 'Data quality' });
    await quality.getByText('Score (of 100)').waitFor();
  });

  it.each([
    ['Deutsch', 'de', 'Energiefluss', ['Jetzt', 'Verlauf', 'Energie & Kosten', 'System']],
    ['Polski', 'pl', 'Przepływ energii', ['Teraz', 'Historia', 'Energia i koszty', 'System']],
  ] as const)('is in %s, on every page and at every width', async (name, language, flow, titles) => {
    await page.setViewportSize({ width: 1600, height: 1000 });
    await open('now');
    await page.getByRole('button', { name: 'Preferences' }).first().click();
    await page.getByRole('menuitemradio', { name }).click();
    await page.getByText(flow).first().waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe(language);
    for (const [i, path] of PAGES.entries()) {
      for (const width of [390, 1600]) {
        await page.setViewportSize({ width, height: 1000 });
        await open(path);
        await page.getByText(titles[i]!).first().waitFor();
        await page.screenshot({ path: `${OUTPUT}${path}-${language}-${width}.png`, fullPage: true });
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(overflow, `${path} in ${name} at ${width} px scrolls sideways`).toBeLessThanOrEqual(0);
      }
    }
    await page.evaluate(() => localStorage.clear());
    await page.setViewportSize({ width: 1600, height: 1000 });
  });

  it('switches a feature, and adds, changes and removes a user', async () => {
    await open('system');
    const features = page.getByRole('region', { name: 'Features' }).first();
    await features.getByRole('switch', { name: 'Analytics' }).click();
    await features.getByText('it needs "analytics_dashboard", which is off').waitFor();
    await features.getByRole('switch', { name: 'Analytics' }).click();
    await features.getByText('it needs "analytics_dashboard", which is off').waitFor({ state: 'detached' });
    const users = page.getByRole('region', { name: 'Users' }).first();
    await users.getByLabel('User name').fill('ann');
    await users.getByLabel('Password').fill('correct horse battery');
    await users.getByLabel('Role').selectOption('Analyst');
    await users.getByRole('button', { name: 'Add user' }).click();
    const row = users.getByRole('row', { name: /^ann/ });
    await row.getByText('Analyst').waitFor();
    await row.getByRole('button', { name: 'Change ann' }).click();
    await page.getByRole('dialog').getByLabel('Role').selectOption('Viewer');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await row.getByText('Viewer').waitFor();
    await row.getByRole('button', { name: 'Remove ann' }).click();
    await row.waitFor({ state: 'detached' });
  });

  it('repairs stored samples after a preview, and undoes it', async () => {
    await open('system');
    const repairs = page.getByRole('region', { name: 'Repairs' }).first();
    await repairs.getByText('No repairs yet.').waitFor();
    await repairs.getByRole('button', { name: 'Repair samples' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Device').selectOption({ label: 'Demo: House load' });
    await dialog.getByLabel('Metric').selectOption('load.power_kw');
    await dialog.getByLabel('Operation').selectOption('Scale and add');
    await dialog.getByLabel('Factor').fill('2');
    await dialog.getByLabel('Reason').fill('counted half');
    await dialog.getByRole('button', { name: 'Preview' }).click();
    await dialog.getByText(/^[1-9]\d* values? changed, 0 removed, 0 added$/).waitFor();
    await dialog.locator('canvas').waitFor();
    await page.screenshot({ path: `${OUTPUT}repair-1600.png` });
    await dialog.getByRole('button', { name: 'Apply repair' }).click();
    await repairs.getByText('counted half').waitFor();
    await repairs.getByRole('button', { name: 'Undo' }).click();
    await repairs.getByText('undone').waitFor();
  });

  it('migrates older records after a preview', async () => {
    const imports = join(folder.path, 'imports');
    mkdirSync(imports, { recursive: true });
    const record = (minute: string) => ({ timestamp: `2025-06-01T10:${minute}:00Z`, battery: { soc_percent: 50 } });
    writeFileSync(join(imports, 'records.json'), JSON.stringify([record('00'), record('01'), { mood: 'fine' }]));
    await open('system');
    const panel = page.getByRole('region', { name: 'Migration' }).first();
    await panel.getByText('No data was migrated yet.').waitFor();
    await panel.getByRole('button', { name: 'Migrate data' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Path on the server, or address').fill('records.json');
    await dialog.getByLabel('Device (optional)').fill('Old battery');
    await dialog.getByRole('button', { name: 'Preview' }).click();
    await dialog.getByText('battery.soc_percent', { exact: true }).waitFor();
    await dialog.getByText('it has no timestamp').waitFor();
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      for (const width of [390, 1600]) {
        await page.setViewportSize({ width, height: 1000 });
        await page.screenshot({ path: `${OUTPUT}migration-${scheme}-${width}.png` });
      }
    }
    const { violations } = await new AxeBuilder({ page }).include('[role=dialog]').analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    await dialog.getByRole('button', { name: 'Migrate' }).click();
    await dialog.getByText('Migrated', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await panel.getByText('JSON records').waitFor();
    expect((await panel.locator('dl').textContent())?.replace(/\s+/g, ' ')).toMatch(
      /Found3Migrated2Already stored0Unreadable1Missing0/,
    );
  });

  it('wrote no error to the console in any of these steps', () => {
    expect(failures).toEqual([]);
  });
});
