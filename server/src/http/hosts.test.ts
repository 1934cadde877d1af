import fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkHosts } from './hosts.ts';
import { sendProblem } from './problem.ts';

async function statusOf(host: string, configured: readonly string[] = []): Promise<number> {
  const app = fastify();
  onTestFinished(() => app.close());
  app.setErrorHandler(sendProblem);
  checkHosts(app, configured);
  app.get('/', () => ({}));
  return (await app.inject({ url: '/', headers: { host } })).statusCode;
}

describe('a Host header', () => {
  it.each([
    '127.0.0.1:8001',
    '192.168.1.5',
    '[::1]:8001',
    'localhost:8001',
    'wattkeeper',
    'pi.local',
    'nas.lan:80',
    'PI.LOCAL.',
  ])('of this machine or a private network passes: %s', async (host) => expect(await statusOf(host)).toBe(200));

  it.each([
    'evil.example',
    'evil.example:8001',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil.example.',
    'local.example',
  ])('with a public name that is not configured is answered 421: %s', async (host) =>
    expect(await statusOf(host, ['energy.example.org', '.house.example'])).toBe(421),
  );

  it.each(['energy.example.org', 'ENERGY.example.org:443', 'a.house.example', 'b.a.house.example'])(
    'with a configured name passes: %s',
    async (host) => expect(await statusOf(host, ['Energy.example.org', '.house.example'])).toBe(200),
  );
});
