import { setImmediate as nextTurn } from 'node:timers/promises';
import fastify from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { Unavailable } from '../domain/errors.ts';
import { PartialAnswers } from '../domain/partial-answers.ts';
import type { Api } from './api.ts';
import { markPartialAnswers } from './partial-answers.ts';

const Answer = z.object({ value: z.number(), warnings: z.array(z.string()) });

function server() {
  const partial = new PartialAnswers();
  const app = fastify();
  onTestFinished(() => app.close());
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const api = app as unknown as Api;
  markPartialAnswers(api, partial);
  return { app, api, partial };
}

it('a note made during a request appears in the warnings of its answer and of no other', async () => {
  const { app, api, partial } = server();
  const both = Promise.withResolvers<void>();
  let waiting = 0;
  api.post(
    '/value',
    { schema: { body: z.object({ note: z.string() }), response: { 200: Answer } }, config: { partial: true } },
    async ({ body }) => {
      if (++waiting === 2) both.resolve();
      await both.promise;
      partial.note(body.note);
      await nextTurn();
      partial.note(body.note);
      return { value: 1, warnings: ['own'] };
    },
  );
  const answers = await Promise.all(
    ['a', 'b'].map((note) => app.inject({ method: 'POST', url: '/value', payload: { note } })),
  );
  expect(answers.map((answer) => answer.json())).toEqual([
    { value: 1, warnings: ['own', 'a'] },
    { value: 1, warnings: ['own', 'b'] },
  ]);
});

it('any other route answers completely or not at all', async () => {
  const { app, api, partial } = server();
  api.get('/strict', { schema: { response: { 200: Answer } } }, async () => {
    if (!partial.allowed) throw new Unavailable('a store is away');
    return { value: 1, warnings: [] };
  });
  expect((await app.inject('/strict')).statusCode).toBe(503);
});

it('a route whose answer has no warnings cannot be declared partial', () => {
  const { api } = server();
  const schema = { response: { 200: z.object({ value: z.number() }) } };
  expect(() => api.get('/mute', { schema, config: { partial: true } }, async () => ({ value: 1 }))).toThrow(
    'GET /mute may be partial, but its answer has no field warnings',
  );
});
