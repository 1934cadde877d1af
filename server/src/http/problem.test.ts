import { SECRET } from '@wattkeeper/contract/access/secret.ts';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sendProblem } from './problem.ts';

const Body = z.object({
  horizon: z.enum(['1h', '24h']),
  share: z.number().max(0.5, { error: 'must be at most 0.5' }),
  parts: z.array(z.object({ kw: z.number() })).optional(),
  password: z.string().min(12).optional(),
  locks: z
    .array(z.object({ pin: z.string().max(4).meta(SECRET) }))
    .max(1)
    .optional(),
  page: z.string().max(3).optional(),
});

async function asked(body: unknown, query = ''): Promise<string> {
  const app = Fastify().withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendProblem);
  const querystring = z.object({ days: z.coerce.number().max(9).optional() });
  app.post('/', { schema: { body: Body, querystring } }, async () => 'fine');
  const answer = await app.inject({ method: 'POST', url: `/${query}`, payload: body as object });
  return (answer.json() as { detail: string }).detail;
}

describe('a problem answer', () => {
  const good = { horizon: '1h', share: 0.1 };

  it.each([
    [{ ...good, horizon: '9h' }, '', /^horizon: .*"1h"\|"24h"; got "9h"$/],
    [{ ...good, share: 0.9 }, '', /^share: must be at most 0\.5; got 0\.9$/],
    [{ ...good, parts: [{ kw: 1 }, { kw: 'x' }] }, '', /^parts\.1\.kw: .*received string$/],
    [good, '?days=12', /^days: .*; got "12"$/],
    [{ ...good, horizon: 'x'.repeat(500) }, '', /; got "x{59}…$/],
  ])('states the found value: %o %s', async (body, query, detail) => {
    expect(await asked(body, query)).toMatch(detail);
  });

  it('contains no secret', async () => {
    const wrong = [
      { password: 'hunter2' },
      { locks: 'hunter2' },
      { locks: ['hunter2'] },
      { locks: [{ pin: 'hunter2' }] },
      { locks: [{ pin: ['hunter2'] }] },
      { locks: [{ pin: 'hun2' }, { pin: 'hunter2' }] },
      { page: 'http://me:hunter2@localhost/' },
    ];
    for (const body of wrong) {
      const detail = await asked({ ...good, ...body });
      expect(detail).toMatch(/^(password|locks|page)/);
      expect(detail).not.toContain('hunter2');
    }
  });

  it('quotes an address in time proportional to its length', async () => {
    // Takes ten minutes if a search for parameter names starts at every question mark.
    const page = `http://x/${'?key'.repeat(5000)}`;
    expect(await asked({ ...good, page })).toMatch(/^page: /);
  });
});
