import { expect, it, onTestFinished } from 'vitest';
import { postReadings, startService, temporaryFolder } from '../../server/test/journeys/service.ts';
import { describeWith } from '../../server/test/needs.ts';
import { openBrowser, signIn } from './demo-browser.ts';

const OUTPUT = new URL('./output/', import.meta.url).pathname;

describeWith('CHROMIUM', 'persistence in a browser', (executablePath) => {
  it('is switched on after confirmation, shows its result, and keeps the user signed in', async () => {
    const folder = temporaryFolder();
    const service = await startService(folder.path, { WATTKEEPER_PERSISTENCE: 'false' });
    const browser = await openBrowser(executablePath);
    onTestFinished(async () => {
      await browser.close();
      await service.stop();
      folder.remove();
    });
    const timestamp = new Date().toISOString();
    await postReadings(service, { device_id: 'Meter', timestamp, values: { 'grid.power_kw': 1.5 } });
    const page = await signIn(browser, service);
    await page.getByRole('navigation').getByRole('link', { name: 'System' }).click();
    const features = page.getByRole('region', { name: 'Features' }).first();
    const toggle = features.getByRole('switch', { name: 'Persistence' });
    await toggle.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await service.json('/health')).toMatchObject({ persistence: false });
    await toggle.click();
    await dialog.getByRole('button', { name: 'Store on disk' }).click();
    await features.getByText(/^The history is on disk\./).waitFor();
    await features.screenshot({ path: `${OUTPUT}persistence.png` });
    expect(await toggle.isChecked()).toBe(true);
    expect(await service.json('/health')).toMatchObject({ persistence: true });
    await page.getByRole('navigation').getByRole('link', { name: 'Now' }).click();
    await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  });
});
