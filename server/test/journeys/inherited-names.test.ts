import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { documentOf } from '../fuzz/api-document.ts';
import { TRAP, TRAPPED, trapOption } from './inherited-trap.ts';
import { type Service, settled, startService, TOKEN, temporaryFolder } from './service.ts';

/** Names that every plain object inherits; the trap also shows where the service's code looks one up. */
const NAMES = [...Object.getOwnPropertyNames(Object.prototype), 'prototype', TRAP];
const TIMESTAMP = new Date(Date.now() - 60_000).toISOString();
const JSON_TYPE = { 'content-type': 'application/json' };
const MESSAGES = ['subscribe', 'unsubscribe'];

interface Named {
  readonly name: string;
}

describe('names that every object inherits', () => {
  const folder = temporaryFolder();
  let service: Service;

  beforeAll(async () => {
    service = await start();
  });

  afterAll(async () => {
    await service.stop();
    folder.remove();
  });

  function start(): Promise<Service> {
    return startService(folder.path, { NODE_OPTIONS: trapOption() });
  }

  const send = (method: string, path: string, body: unknown) =>
    service.request(path, { method, headers: JSON_TYPE, body: JSON.stringify(body) });

  it('are devices, groups, quantities and labels of readings and lines like any other', async () => {
    const readings = NAMES.map((name) => reading(name, 1));
    const answer = await send('POST', '/api/v1/readings', readings);
    expect(await answer.json()).toMatchObject({ accepted: 2 * NAMES.length, rejected: NAMES.length });
    const lines = NAMES.map((name) => `${name},device=line\\ ${name},${name}=${name} ${name}=2`).join('\n');
    expect((await service.request('/write', { method: 'POST', body: lines })).status).toBe(204);
    await expectReadings();
  });

  it('are sites, metrics, units, key figures and tokens like any other', async () => {
    for (const name of NAMES) {
      const site = await send('POST', '/api/v1/sites', { name, timezone: 'UTC', currency: 'EUR' });
      expect(site.status, name).toBe(201);
      const metric = { name: `${name}.registered`, unit: name, kind: 'gauge' };
      expect((await send('POST', '/api/v1/metrics-catalogue', metric)).status, name).toBe(201);
      const device = { name: `made ${name}`, kind: 'machine', labels: { [name]: name } };
      expect((await send('POST', '/api/v1/devices', device)).status, name).toBe(201);
      const expression = `mean(${name}.registered) / mean(${name}.${name}_kw)`;
      const preview = await send('POST', '/api/v1/kpi/custom/preview', { expression, machine_id: name });
      expect(await preview.json(), name).toMatchObject({ error: null, unit: `${name}/kW` });
      expect((await send('POST', '/api/v1/kpi/custom', { name, expression })).status, name).toBe(201);
      const unknown = await send('POST', '/api/v1/kpi/custom/preview', { expression: name });
      expect(await unknown.json(), name).toMatchObject({ error: { field: 'expression' } });
      expect((await send('POST', '/api/v1/tokens', { name, scopes: ['read'] })).status, name).toBe(201);
      expect((await send('PUT', `/api/v1/settings/layouts/${name}`, { [name]: name })).status, name).toBeLessThan(500);
    }
    await expectRecords();
  });

  it('are answered as topics and messages of the live stream', async () => {
    const socket = new WebSocket(`${service.url.replace('http', 'ws')}/api/v1/stream`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const answers: { type: string }[] = [];
    const asked = NAMES.flatMap((name) => [
      { type: name, [name]: name },
      ...MESSAGES.map((type) => ({ type, topics: [`readings:${name}`] })),
      { type: 'ping' },
    ]);
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject).on('close', () => reject(new Error('the service closed the stream')));
      socket.on('open', () => {
        for (const message of asked) socket.send(JSON.stringify(message));
      });
      socket.on('message', (data) => {
        answers.push(JSON.parse(String(data)));
        if (answers.filter(({ type }) => type === 'pong').length === NAMES.length) resolve();
      });
    });
    socket.removeAllListeners('close').close();
    expect(answers.filter(({ type }) => type === 'error')).toHaveLength(NAMES.length);
  });

  it('return the same after a restart, and nothing looked them up in a plain object', async () => {
    await settled(service);
    const log = service.log();
    await service.stop();
    service = await start();
    await expectReadings();
    await expectRecords();
    expectNotLookedUp(log + service.log());
  });

  it('cause no server error in any operation of the API, in any position', async () => {
    const api = { url: service.url, token: TOKEN };
    const { operations } = await documentOf(api);
    const failed: string[] = [];
    for (const { method, path, parameters } of operations) {
      if (path.endsWith('/stream')) continue;
      const asked = NAMES.map(async (name) => {
        const query = new URLSearchParams([[name, name]]);
        for (const parameter of parameters) if (parameter.in === 'query') query.append(parameter.name, name);
        const address = `${path.replaceAll(/\{\w+\}/g, name)}?${query}`;
        const init = ['GET', 'HEAD'].includes(method) ? {} : { headers: JSON_TYPE, body: nested(name) };
        const { status } = await service.request(address, { method, ...init });
        if (status >= 500) failed.push(`${method} ${address} answered ${status}`);
      });
      await Promise.all(asked);
    }
    expect(failed).toEqual([]);
    expectNotLookedUp(service.log());
  });

  async function expectReadings(): Promise<void> {
    const { items } = await service.json<{ items: { device_name: string; values: object }[] }>(
      '/api/v1/telemetry/latest',
    );
    const latest = new Map(items.map(({ device_name, values }) => [device_name, Object.entries(values)]));
    for (const name of NAMES) {
      const value = { unit: '', timestamp: TIMESTAMP };
      expect(latest.get(name)).toEqual([
        [`${name}.${name}`, { ...value, value: 1 }],
        [`${name}.${name}_kw`, { ...value, unit: 'kW', value: 1 }],
      ]);
      const device = `line ${name}/${name}=${name}`;
      expect(latest.get(device)).toMatchObject([[`${name}.${name}`, { value: 2, unit: '' }]]);
      const query = new URLSearchParams({
        device_id: name,
        metric: `${name}.${name}`,
        bucket: 'raw',
        start: TIMESTAMP,
      });
      const { series } = await service.json<{ series: object[] }>(`/api/v1/telemetry?${query}`);
      expect(series).toMatchObject([
        { device_name: name, metric: `${name}.${name}`, timestamps: [TIMESTAMP], value: [1] },
      ]);
    }
  }

  async function expectRecords(): Promise<void> {
    const list = async <T>(path: string) => (await service.json<{ items: T[] }>(`/api/v1${path}`)).items;
    const devices = await list<Named & { labels: object }>('/devices?limit=1000');
    const labels = new Map(devices.map((device) => [device.name, Object.entries(device.labels)]));
    const metrics = new Map((await list<Named & { unit: string }>('/metrics-catalogue')).map((one) => [one.name, one]));
    const sites = (await list<Named>('/sites')).map((site) => site.name);
    for (const name of NAMES) {
      expect(labels.get(`made ${name}`)).toEqual([[name, name]]);
      expect(new Map(labels.get(`line ${name}/${name}=${name}`)).get(name)).toBe(name);
      expect(metrics.get(`${name}.registered`)?.unit).toBe(name);
      expect(sites).toContain(name);
    }
  }
});

function expectNotLookedUp(log: string): void {
  expect(log).not.toContain(TRAPPED);
  expect(log).not.toContain('request failed');
}

/** Two values, and one whose name is not that of a metric. */
function reading(name: string, value: number) {
  const values: [string, unknown][] = [
    [`${name}.${name}`, value],
    [`${name}.${name}_kw`, value],
    [name, value],
  ];
  return { device_id: name, timestamp: TIMESTAMP, values: Object.fromEntries(values) };
}

function nested(name: string): string {
  return JSON.stringify(Object.fromEntries([[name, Object.fromEntries([[name, name]])]]));
}
