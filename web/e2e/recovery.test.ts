import { expect, it, onTestFinished } from 'vitest';
import { startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { openBrowser, signIn } from './demo-browser.ts';

describeWith('CHROMIUM', 'a page that is opened while the server is down', (executablePath) => {
  it('reports it, and appears as soon as the server responds again', async () => {
    const folder = temporaryFolder();
    let service = await startService(folder.path);
    const browser = await openBrowser(executablePath);
    onTestFinished(async () => {
      await browser.close();
      await service.stop();
      folder.remove();
    });
    const page = await signIn(browser, service);
    await page.getByText('No readings yet').waitFor();
    await service.stop();
    // The code and the style of the page are loaded when it is opened.
    await page.getByRole('navigation').getByRole('link', { name: 'Energy & cost' }).click();
    await page.getByText('This page reloads when the server responds.').waitFor();
    expect(await page.getByRole('navigation').isVisible()).toBe(true);
    service = await startService(folder.path, { WATTKEEPER_HTTP__PORT: new URL(service.url).port });
    await page.getByRole('heading', { name: 'Energy & cost', level: 1 }).waitFor();
    await page.getByRole('region', { name: 'Tariffs' }).first().waitFor();
    // The style is loaded too.
    const sheets = () => page.evaluate(() => [...document.styleSheets].length);
    expect(await sheets()).toBeGreaterThan(1);
  });
});
