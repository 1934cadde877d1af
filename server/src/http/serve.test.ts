import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
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

it('a client that leaves during a streamed answer is not answered again', async () => {
  const entries: string[] = [];
  const app = Fastify({ logger: { level: 'warn', stream: { write: (entry: string) => void entries.push(entry) } } });
  app.setValidatorCompiler(() => () => true).setSerializerCompiler(() => JSON.stringify);
  const closed = Promise.withResolvers<void>();
  serve(app as unknown as Api, getHealth, async (_request, reply) => {
    reply.raw.once('close', () => closed.resolve());
    const endless = new Readable({ read: () => void endless.push('x'.repeat(10_000)) });
    void reply.type('text/plain').send(endless);
    return reply;
  });
  const socket = connect(Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port), '127.0.0.1');
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await closed.promise;
  await app.close();
  expect(entries.filter((entry) => !entry.includes('stream closed prematurely'))).toEqual([]);
});
