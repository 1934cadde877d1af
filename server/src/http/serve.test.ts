import { getHealth } from '@wattkeeper/contract/endpoints/service.ts';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import type { Api } from './api.ts';
import { serve } from './serve.ts';

it('a request whose handler sends the reply itself is answered once, without a warning', async () => {
  const entries: string[] = [];
  const app = Fastify({ logger: { level: 'warn', stream: { write: (entry: string) => void entries.push(entry) } } });
  app.setValidatorCompiler(() => () => true).setSerializerCompiler(() => JSON.stringify);
  serve(app as unknown as Api, getHealth, async (_request, reply) => reply.status(503).send({ status: 'unhealthy' }));
  const { statusCode, body } = await app.inject('/health');
  expect([statusCode, body, entries]).toEqual([503, '{"status":"unhealthy"}', []]);
});
