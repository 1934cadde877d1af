import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * Serves the built web app under `/ui/`. Paths without an extension return its page, whose `<base>` refers to `/ui/` relative to the
 * address in the browser, so that the app works under any path prefix of a reverse proxy. Assets are sent in the form that the build
 * compressed.
 */
export async function serveWebApp(app: FastifyInstance, folder: string): Promise<void> {
  const redirect = { config: { scope: 'public' as const }, schema: { hide: true } };
  app.get('/', redirect, (_request, reply) => reply.redirect('ui/'));
  app.get('/ui', redirect, (request, reply) => reply.redirect(`${request.url.split('?')[0]?.split('/').at(-1)}/`));
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/ui/*', redirect, (_request, reply) =>
      reply.status(503).type('text/plain').send('The web app is not built: run `npm run build` and start again.'),
    );
    return;
  }
  await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true, immutable: true, maxAge: '1y' });
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  app.get('/ui/*', redirect, (request, reply) => {
    const path = (request.params as { '*': string })['*'];
    if (/\.[a-z0-9]+$/i.test(path)) return reply.sendFile(path);
    return sendPage(page, path, request, reply);
  });
}

function sendPage(page: string, path: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const depth = path.split('/').length - 1;
  const html = page.replace('<head>', `<head><base href="${depth === 0 ? './' : '../'.repeat(depth)}">`);
  const etag = `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"`;
  reply.header('cache-control', 'no-cache').header('etag', etag);
  if (request.headers['if-none-match'] === etag) return reply.status(304).send();
  return reply.type('text/html; charset=utf-8').send(html);
}
