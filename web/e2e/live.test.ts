import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../server/test/needs.ts';
import { type DemoBrowser, openDemo } from './demo-browser.ts';

const PASSWORD = 'correct horse battery';

describeWith('CHROMIUM', 'the live stream in a browser', (executablePath) => {
  let demo: DemoBrowser;

  beforeAll(async () => {
    demo = await openDemo(executablePath, 'home', 1);
  });

  afterAll(() => demo?.close());

  const expectLive = async () => {
    await demo.page.getByRole('status').getByText('Live', { exact: true }).waitFor();
    const main = demo.page.locator('main');
    const before = await main.textContent();
    await expect.poll(() => main.textContent(), { interval: 500 }).not.toBe(before);
  };

  it('ends with the session; the sign-in page opens and leads back to live values', async () => {
    await expectLive();
    const { items } = await demo.service.json<{ items: { id: string; username: string }[] }>('/api/v1/users');
    const { id, username } = items[0]!;
    await demo.service.json(`/api/v1/users/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: PASSWORD }),
    });
    await demo.page.waitForURL(/\/ui\/sign-in\?next=/);
    await demo.page.getByLabel('User name').fill(username);
    await demo.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await demo.page.getByRole('button', { name: 'Sign in' }).click();
    await demo.page.waitForURL('**/ui/now*');
    await expectLive();
  });
});
