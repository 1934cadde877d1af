import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GrantableScope, Role, SCOPES_OF_ROLE, type Scope } from '@wattkeeper/contract/access/auth.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import { generateSync, type JsonSchema } from 'json-schema-faker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from './service.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  /** The scope that the OpenAPI document states. */
  readonly documented: Scope | 'public';
  /** A path, query and body that match the OpenAPI document. */
  readonly address: string;
  readonly body: string | null;
  readonly type: string | null;
}

interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly kind: 'token' | 'session' | 'none';
  readonly headers: Readonly<Record<string, string>>;
}

const PUBLIC =
  /^(GET|HEAD) \/(health|health\/ready|ping|influxdb\/(health|ready|ping))$|^POST \/api\/v1\/auth\/(link|login)$/;
/** Endpoints that replace or destroy data, read the machine, or grant rights. */
const ADMIN = [
  /^\w+ \/api\/v1\/audit-log$/,
  /^(GET|POST) \/api\/v1\/users$/,
  /^DELETE \/api\/v1\/(users|sites|devices)\/\{id\}$/,
  /^PATCH \/api\/v1\/features\/\{name\}$/,
  /^POST \/api\/v1\/auth\/links$/,
  /^POST \/api\/v1\/storage\/(repairs|backfills|migrations|archive|backups|set-aside)\b/,
  /^DELETE \/api\/v1\/storage\/(set-aside|gaps)\b/,
  /^PUT \/api\/v1\/storage\/quality\/counter-decisions$/,
];
/** Endpoints that change nothing, or only the caller's data. */
const READ = [
  /^\w+ \/api\/v1\/(auth|tokens)\b/,
  /^PATCH \/api\/v1\/users\/\{id\}$/,
  /^PATCH \/api\/v1\/settings\/layouts\/\{name\}$/,
  /^POST \/api\/v1\/(tariffs\/compare|kpi\/custom\/preview|forecast\/optimal-schedule)$/,
];
/** GET endpoints that are part of writing data and need its scope. */
const WRITE = [
  /^GET (\/influxdb)?\/(query|api\/v2\/(orgs|buckets(\/\{id\})?))$/,
  /^GET \/api\/v1\/imports\/(uploads\/)?\{\w+\}$/,
];

/** The rule for every endpoint, independent of the code. */
function scopeOf({ method, path }: Operation): Scope | 'public' {
  const name = `${method} ${path}`;
  const isOneOf = (patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(name));
  if (PUBLIC.test(name)) return 'public';
  if (isOneOf(ADMIN) && name !== 'GET /api/v1/storage/repairs' && name !== 'GET /api/v1/storage/backups')
    return 'admin';
  if (isOneOf(READ)) return 'read';
  return method === 'GET' && !isOneOf(WRITE) ? 'read' : 'write';
}

/** Whether a request is authorised; some endpoints also check the caller. */
function isLetIn(operation: Operation, { kind, scopes }: Caller): boolean {
  const needed = scopeOf(operation);
  if (needed === 'public') return true;
  if (!scopes.includes(needed)) return false;
  const isAdmin = scopes.includes('admin');
  if (/^\/api\/v1\/tokens/.test(operation.path) && operation.method !== 'GET') return kind === 'session' || isAdmin;
  if (operation.path === '/api/v1/users/{id}' && operation.method === 'PATCH') return isAdmin;
  // A token without a user has no layouts.
  if (operation.path === '/api/v1/settings/layouts/{name}') return kind === 'session';
  return true;
}

describe('access', () => {
  const folder = temporaryFolder();
  let service: Service;
  let operations: readonly Operation[] = [];
  const callers: Caller[] = [{ name: 'nobody', scopes: [], kind: 'none', headers: {} }];

  beforeAll(async () => {
    service = await startService(folder.path, { WATTKEEPER_ARCHIVE__STORE__TYPE: 'local' });
    operations = await documented(service);
    for (const scope of GrantableScope.options) callers.push(await tokenOf(service, scope));
    for (const role of Role.options) callers.push(await sessionOf(service, role));
  });
  afterAll(async () => {
    await service.stop();
    folder.remove();
  });

  const ask = async ({ address, method, body, type }: Operation, { headers }: Caller) => {
    const answer = await fetch(service.url + address, {
      method,
      headers: { ...headers, ...(type !== null && { 'content-type': type }) },
      ...(body !== null && { body }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };

  it('requires the scope of the rule on every endpoint, as the document states', () => {
    expect(operations.length).toBeGreaterThan(100);
    for (const one of operations) expect(one.documented, `${one.method} ${one.path}`).toBe(scopeOf(one));
  });

  it('rejects every request without that scope, without side effects', async () => {
    const newest = async () => (await service.json<{ items: { id: number }[] }>('/api/v1/audit-log?limit=1')).items[0];
    const before = await newest();
    for (const caller of callers) {
      for (const operation of operations.filter((one) => !isLetIn(one, caller))) {
        const what = `${caller.name}: ${operation.method} ${operation.path}`;
        expect(await ask(operation, caller), what).toBe(caller.kind === 'none' ? 401 : 403);
      }
    }
    expect(await newest()).toEqual(before);
  });

  it('accepts every request with that scope', async () => {
    for (const caller of callers) {
      // Sign-in needs secrets, and sign-out would end the loop.
      const open = operations.filter((one) => isLetIn(one, caller) && !/\/auth\/(link|log)/.test(one.path));
      for (const operation of open) {
        const status = await ask(operation, caller);
        expect([401, 403], `${caller.name}: ${operation.method} ${operation.path}`).not.toContain(status);
      }
    }
  });

  it("does not let lower scopes cancel an administrator's migration", async () => {
    // An InfluxDB that never responds keeps the migration running.
    const silent = createServer(() => {});
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const from = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/home`;
    const { id } = await service.json<Job>('/api/v1/storage/migrations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source: 'influxdb', from }),
    });
    const cancel = (headers: Caller['headers']) =>
      fetch(`${service.url}/api/v1/jobs/${id}`, { method: 'DELETE', headers });
    for (const { name, scopes, kind, headers } of callers.filter((one) => !one.scopes.includes('admin'))) {
      expect((await cancel(headers)).status, `${name} ${scopes}`).toBe(kind === 'none' ? 401 : 403);
    }
    expect((await service.json<Job>(`/api/v1/jobs/${id}`)).finished_at).toBeNull();
    expect((await service.request(`/api/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(202);
    silent.closeAllConnections();
    await new Promise((done) => silent.close(done));
  });
});

async function tokenOf(service: Service, scope: Scope): Promise<Caller> {
  const { token } = await service.json<{ token: string }>('/api/v1/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: `only-${scope}`, scopes: [scope] }),
  });
  return { name: `token:${scope}`, scopes: [scope], kind: 'token', headers: { authorization: `Bearer ${token}` } };
}

async function sessionOf(service: Service, role: Role): Promise<Caller> {
  const password = 'a password of a test';
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ username: role, password, role });
  await service.json('/api/v1/users', { method: 'POST', headers, body });
  const answer = await fetch(`${service.url}/api/v1/auth/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ username: role, password }),
  });
  const { csrf_token: csrf } = (await answer.json()) as { csrf_token: string };
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  return { name: role, scopes: SCOPES_OF_ROLE[role], kind: 'session', headers: { cookie, 'x-csrf-token': csrf } };
}

interface Documented {
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: object }>> };
  readonly security?: readonly { readonly token?: readonly Scope[] }[];
}

async function documented(service: Service): Promise<Operation[]> {
  const { paths, components } = await service.json<{
    paths: Record<string, Record<string, Documented>>;
    components: object;
  }>('/openapi.json');
  const made = (schema: object) => generateSync({ ...schema, components } as JsonSchema, { seed: 1 });
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, security }]): Operation => {
      const query = new URLSearchParams();
      let address = path.replace('/scheduler/jobs/{name}', '/scheduler/jobs/day-compaction');
      for (const { name, in: place, required, schema } of parameters) {
        if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent(String(made(schema))));
        else if (place === 'query' && required) query.set(name, String(made(schema)));
      }
      const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
      // A token can only have scopes that its creator has.
      const value = path === '/api/v1/tokens' ? { name: 'another', scopes: ['read'] } : content && made(content.schema);
      return {
        method: method.toUpperCase(),
        path,
        documented: security?.[0]?.token?.[0] ?? 'public',
        address: query.size > 0 ? `${address}?${query}` : address,
        type: type ?? null,
        body: type === undefined ? null : type.includes('json') ? JSON.stringify(value) : String(value),
      };
    }),
  );
}
