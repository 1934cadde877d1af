import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/storage/data-folder.ts';
import { runCommand } from '../command.ts';
import { postReadings, type Service, startService, TOKEN, temporaryFolder } from './service.ts';

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

interface Place {
  /** The environment of a command of the same user: of the service's configuration, only the data folder. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly runtime: string;
  start(environment?: Record<string, string>): Promise<Service>;
  run(...argv: string[]): Promise<Outcome>;
  runIn(environment: Record<string, string>, ...argv: string[]): Promise<Outcome>;
}

interface Outcome {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: output of a command, whose shape each test knows
  readonly json: any;
  readonly errors: string;
}

/** A data folder that does not exist yet, and a runtime folder that only the processes of this test use. */
function place(): Place {
  const { path: home, remove } = temporaryFolder();
  closers.push(remove);
  const folder = join(home, 'data');
  const environment = { XDG_RUNTIME_DIR: home, TMPDIR: home, WATTKEEPER_DATA_DIR: folder, WATTKEEPER_HTTP__PORT: '0' };
  const runIn: Place['runIn'] = async (more, ...argv) => {
    const { code, errors, json } = await runCommand({ ...environment, ...more }, ...argv, '--json');
    return { code, errors, json: json() };
  };
  return {
    environment,
    folder,
    runtime: join(home, 'wattkeeper'),
    start: async (more = {}) => {
      const service = await startService(home, { ...environment, ...more });
      closers.push(() => service.kill());
      return service;
    },
    run: (...argv) => runIn({}, ...argv),
    runIn,
  };
}

const OFF = { WATTKEEPER_PERSISTENCE: 'false' };

const me = async (service: Service, token: string) =>
  (await fetch(`${service.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } })).status;

async function persists(service: Service): Promise<boolean | null> {
  const answer = await service.json<{ persistence: boolean }>('/health').catch(() => null);
  return answer?.persistence ?? null;
}

describe('commands of a service in memory', () => {
  it('are run by the running service, write nothing to its folder, and do not prevent persistence', async () => {
    const { folder, start, run } = place();
    const service = await start(OFF);
    const made = await run('token', 'create', '--name', 'telegraf', '--scope', 'read');
    expect(made).toMatchObject({ code: 0, json: { scopes: ['read'] } });
    expect(await me(service, made.json.token)).toBe(200);
    const link = await run('sign-in-link');
    const code = new URL(link.json.url).searchParams.get('code');
    const signIn = await fetch(`${service.url}/api/v1/auth/link`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    expect([link.code, link.json.url.startsWith(service.url), signIn.status]).toEqual([0, true, 200]);
    expect((await run('user', 'list')).json.users).toMatchObject([{ username: 'owner' }]);
    const reading = { device_id: 'meter', timestamp: new Date().toISOString(), values: { 'grid.power_kw': 2 } };
    await postReadings(service, reading);
    expect((await run('device', 'list')).json.items).toMatchObject([{ name: 'meter' }]);
    expect((await run('doctor')).json.findings).toContainEqual(expect.objectContaining({ check: 'service' }));
    const file = `${folder}.csv`;
    expect((await run('export', file)).json).toMatchObject({ format: 'csv' });
    expect(existsSync(folder)).toBe(false);

    expect(await run('features', 'on', 'persistence')).toMatchObject({
      code: 0,
      json: { items: [{ active: true, change: { state: 'succeeded' } }] },
    });
    expect(await persists(service)).toBe(true);
    expect(await me(service, made.json.token)).toBe(200);
    expect((await run('token', 'list')).json.tokens).toMatchObject([{ name: 'telegraf' }]);
    expect((await run('restore', 'any.backup')).code).toBe(1);
  });

  it('find it by its address from another folder, and reject a data folder that is not its own', async () => {
    const { start, runIn, folder } = place();
    const service = await start(OFF);
    const port = { WATTKEEPER_HTTP__PORT: new URL(service.url).port };
    const made = await runIn(
      { ...port, WATTKEEPER_DATA_DIR: './data' },
      'token',
      'create',
      '--name',
      'a',
      '--scope',
      'read',
    );
    expect([made.code, await me(service, made.json.token)]).toEqual([0, 200]);
    const other = `${folder}-other`;
    const refused = await runIn({ ...port, WATTKEEPER_DATA_DIR: other }, 'token', 'list');
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'conflict' } } });
    expect(refused.errors).toContain(other);
    expect(existsSync(other)).toBe(false);
  });

  it('fail with a clear error when no service runs, even after one was killed', async () => {
    const { start, runIn, folder, runtime } = place();
    const service = await start(OFF);
    await service.kill();
    expect(readdirSync(runtime)).toHaveLength(1);
    for (const argv of [
      ['token', 'create', '--name', 'a', '--scope', 'read'],
      ['sign-in-link'],
      ['user', 'list'],
      ['features', 'on', 'persistence'],
      ['device', 'list'],
      ['export', `${folder}.csv`],
      ['backup'],
    ]) {
      const refused = await runIn(OFF, ...argv);
      expect([argv[0], refused.code]).toEqual([argv[0], 1]);
      expect(refused.errors).toContain('no service answers');
    }
    expect(existsSync(folder)).toBe(false);
  });
});

describe('commands of a service with a data folder', () => {
  it('are run by the service while it runs, and on the folder, under its lock, while it is stopped', async () => {
    const { start, run, folder } = place();
    // Before the first start, as services that others can reach require.
    const before = await run('token', 'create', '--name', 'before', '--scope', 'read');
    let service = await start();
    expect(await me(service, before.json.token)).toBe(200);
    const during = await run('token', 'create', '--name', 'during', '--scope', 'read');
    expect(await me(service, during.json.token)).toBe(200);
    // The change applies immediately in its own process.
    expect((await run('token', 'revoke', 'before')).code).toBe(0);
    expect(await me(service, before.json.token)).toBe(401);
    await service.stop();
    const link = await run('sign-in-link');
    const held = lockFolder(folder);
    const refused = await run('token', 'list');
    held.release();
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'unavailable' } } });
    service = await start();
    const answer = await fetch(`${service.url}/api/v1/auth/link`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: new URL(link.json.url).searchParams.get('code') }),
    });
    expect(answer.status).toBe(200);
  });

  it('are authorised by a file that only their user can read, which is deleted with the service', async () => {
    const { start, run, folder, runtime } = place();
    const service = await start();
    const files = [join(folder, 'service.json'), join(runtime, `service-${new URL(service.url).port}.json`)];
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(runtime).mode & 0o777).toBe(0o700);
    expect((await run('token', 'list')).code).toBe(0);
    // A file that others could have read or written is not used.
    for (const file of files) chmodSync(file, 0o644);
    expect(await run('token', 'list')).toMatchObject({ code: 1, json: { error: { code: 'unavailable' } } });
    chmodSync(files[1]!, 0o600);
    expect((await run('token', 'list')).code).toBe(0);
    chmodSync(runtime, 0o755);
    expect((await run('token', 'list')).code).toBe(1);
    chmodSync(files[0]!, 0o600);
    await service.stop();
    expect(files.map((file) => existsSync(file))).toEqual([false, false]);
  });

  it('need a token when another user runs the service at the address', async () => {
    const { start, runIn, folder } = place();
    const service = await start();
    const elsewhere = temporaryFolder();
    closers.push(elsewhere.remove);
    const stranger = {
      XDG_RUNTIME_DIR: elsewhere.path,
      TMPDIR: elsewhere.path,
      WATTKEEPER_DATA_DIR: join(elsewhere.path, 'data'),
      WATTKEEPER_HTTP__PORT: new URL(service.url).port,
    };
    const refused = await runIn(stranger, 'token', 'list');
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'unauthorized' } } });
    expect((await runIn({ ...stranger, WATTKEEPER_TOKEN: TOKEN }, 'token', 'list')).code).toBe(0);
    expect((await runIn(stranger, 'token', 'list', '--url', service.url, '--token', TOKEN)).code).toBe(0);
    expect(existsSync(stranger.WATTKEEPER_DATA_DIR)).toBe(false);
    expect(existsSync(folder)).toBe(true);
  });

  it('never send the secret of a stopped service to another server', async () => {
    const { run, start, runtime } = place();
    const service = await start(OFF);
    const { port } = new URL(service.url);
    await service.kill();
    const seen: unknown[] = [];
    const thief = createServer(({ headers: { authorization } }, answer) => {
      seen.push(authorization);
      answer.end('{}');
    });
    await new Promise<void>((done) => thief.listen(Number(port), '127.0.0.1', done));
    closers.push(() => thief.close());
    expect((thief.address() as AddressInfo).port).toBe(Number(port));
    writeFileSync(join(runtime, 'service-1.json'), 'not one', { mode: 0o600 });
    await run('token', 'list');
    expect(seen).toEqual([]);
  });
});
