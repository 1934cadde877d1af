import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { postReadings, startService, TOKEN, temporaryFolder } from './service.ts';

it('an endless request does not delay a stop', async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const service = await startService(folder.path);
  onTestFinished(() => service.kill());
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  const closed = once(socket, 'close');
  socket.write(
    `POST /api/v1/readings HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[`,
  );
  // When the service answers a later request, it has read the beginning of the first one.
  expect((await postReadings(service, [])).status).toBeLessThan(500);
  void service.stop();
  await expect.poll(() => service.outcome()).toBe(0);
  await closed;
});
