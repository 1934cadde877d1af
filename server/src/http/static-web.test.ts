import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { serveWebApp } from './static-web.ts';

const SCRIPT = 'export const answer = 42;\n';

async function webServer() {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-web-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<html><head></head></html>');
  writeFileSync(join(folder, 'assets', 'app.js'), SCRIPT);
  writeFileSync(join(folder, 'assets', 'app.js.br'), brotliCompressSync(SCRIPT));
  writeFileSync(join(folder, 'assets', 'app.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(folder, 'assets', 'font.woff2'), 'font');
  const server = fastify();
  await serveWebApp(server, folder);
  onTestFinished(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return (url: string, encodings: string) => server.inject({ url, headers: { 'accept-encoding': encodings } });
}

it.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip', 'gzip'],
  ['identity', undefined],
])('assets are sent compressed to a client that accepts %s', async (accepted, sent) => {
  const get = await webServer();
  const answer = await get('/ui/assets/app.js', accepted);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-encoding']).toBe(sent);
  expect(answer.headers['content-type']).toMatch(/javascript/);
  expect(answer.headers.vary).toMatch(/accept-encoding/i);
  expect(answer.headers['cache-control']).toMatch(/immutable/);
  const plain = { br: brotliCompressSync(SCRIPT), gzip: gzipSync(SCRIPT), none: Buffer.from(SCRIPT) };
  expect(answer.rawPayload).toEqual(plain[(sent ?? 'none') as keyof typeof plain]);
});

it('an asset without a compressed form is sent as it is', async () => {
  const get = await webServer();
  const answer = await get('/ui/assets/font.woff2', 'gzip, br');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-encoding']).toBeUndefined();
  expect(answer.payload).toBe('font');
});
