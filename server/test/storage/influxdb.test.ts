import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Conflict, Unavailable } from '../../src/domain/errors.ts';
import { decodeName, encodeName } from '../../src/storage/influxdb/names.ts';
import { openTelemetryStore, type StoreInput } from '../../src/storage/open-store.ts';
import { batch, rowsOf } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';
import { INFLUXES, type Influx, startInflux, startInflux2 } from '../journeys/influx.ts';
import { describeWith } from '../needs.ts';

const T0 = Date.UTC(2026, 0, 15);

describe('names in InfluxDB', () => {
  it('are returned unchanged', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => decodeName(encodeName(name)) === name));
  });
});

it('names the server that does not respond, and what to check', async () => {
  const nobody: StoreInput = { type: 'influxdb', url: 'http://127.0.0.1:19', database: 'x' };
  await expect(openTelemetryStore(nobody)).rejects.toBeInstanceOf(Unavailable);
  await expect(openTelemetryStore(nobody)).rejects.toThrow(
    /InfluxDB at 127.0.0.1:19\/x does not answer: .*(ECONNREFUSED|bad port)/,
  );
});

for (const [part, version, start] of INFLUXES) {
  describeWith(part, `InfluxDB ${version}`, (program) => {
    const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-influx-'));
    let influx: Influx;
    beforeAll(async () => {
      influx = await start(folder, program);
    });
    afterAll(async () => {
      await influx.stop();
      rmSync(folder, { recursive: true });
    });
    const at = (database: string) => ({
      type: 'influxdb' as const,
      url: influx.url,
      database,
      ...influx.access,
    });

    telemetryStoreConformance('influxdb', {
      open: (place) => openTelemetryStore(at(basename(place))),
      inChild: (place) => at(basename(place)),
      // Another writer created the field as an integer, and it remains one in the shard of that week.
      reject: async (place) => {
        const database = basename(place);
        await influx.post(`/write?${new URLSearchParams({ db: database })}`, `g,device_id=other poison=1i ${T0}000000`);
        return null;
      },
    });

    it('stores any names', async () => {
      const store = await openTelemetryStore(at('names'));
      const names = ['a b', 'a,b=c', 'tail\\', '"quoted"', "it's", '%41', '#1', '_time', 'ß→🌞'];
      await store.write(names.map((name) => batch(`group ${name}`, [[name, T0, { [name]: 1.5 }]])));
      for (const name of names) {
        expect(await rowsOf(store, `group ${name}`, [name], [name])).toEqual([[name, T0, 1.5]]);
      }
      const metrics = (await store.series()).map(({ deviceId, metric }) => [deviceId, metric]);
      expect(metrics.sort()).toEqual(names.map((name) => [name, `group ${name}.${name}`]).sort());
      for (const name of names) expect(await store.deleteBefore(T0 + 1, `group ${name}`)).toBe(1);
      expect(await store.series()).toEqual([]);
      await store.close();
    });

    it('uses its retention policy, and points that the policy rejects do not block other writes', async () => {
      await influx.make('policies');
      await influx.make('policies', 'hours', 2);
      const short = await openTelemetryStore({ ...at('policies'), retention_policy: 'hours' });
      const now = Math.floor(Date.now() / 60_000) * 60_000;
      await short.write([batch('g', [['d', T0, { v: 1 }]])]);
      await short.write([
        batch('g', [
          ['d', T0, { v: 1 }],
          ['d', now - 60_000, { v: 2 }],
          ['d', now, { v: 3 }],
        ]),
      ]);
      expect(await rowsOf(short, 'g', ['d'], ['v'])).toEqual([
        ['d', now - 60_000, 2],
        ['d', now, 3],
      ]);
      const long = await openTelemetryStore(at('policies'));
      expect(await rowsOf(long, 'g', ['d'], ['v'])).toEqual([]);
      await long.write([batch('h', [['d', T0, { v: 9 }]])]);
      expect((await short.series()).map(({ metric }) => metric)).toEqual(['g.v']);
      expect(await short.deleteBefore(now, null)).toBe(1);
      expect(await rowsOf(short, 'g', ['d'], ['v'])).toEqual([['d', now, 3]]);
      expect(await rowsOf(long, 'h', ['d'], ['v'])).toEqual([['d', T0, 9]]);
      await short.close();
      await long.close();
    });

    it('never deletes points of another retention policy, even where the server would', async () => {
      await influx.make('shared');
      await influx.make('shared', 'years');
      const ours = await openTelemetryStore(at('shared'));
      const theirs = await openTelemetryStore({ ...at('shared'), retention_policy: 'years' });
      await ours.write([batch('g', [['d', T0, { v: 1 }]])]);
      await theirs.write([batch('g', [['d', T0 + 10, { v: 2 }]])]);
      expect(await ours.deleteBefore(T0 + 10, 'g')).toBe(1);
      if (version === '1.x') {
        await ours.write([batch('g', [['d', T0, { v: 1 }]])]);
        await expect(ours.deleteBefore(T0 + 11, 'g')).rejects.toBeInstanceOf(Conflict);
        await expect(ours.deleteBefore(T0 + 11, 'g')).rejects.toThrow(/would also delete points of "g" .*"years"/);
      } else expect(await ours.deleteBefore(T0 + 11, 'g')).toBe(0);
      expect(await rowsOf(theirs, 'g', ['d'], ['v'])).toEqual([['d', T0 + 10, 2]]);
      await ours.close();
      await theirs.close();
    });
  });
}

describeWith('INFLUXD', 'a user of InfluxDB 1.x', (program) => {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-influx-'));
  let influx: Influx;
  beforeAll(async () => {
    influx = await startInflux(folder, program);
    const users = [
      `CREATE USER "admin" WITH PASSWORD 'of-admin' WITH ALL PRIVILEGES`,
      `CREATE USER "keeper" WITH PASSWORD 'of-keeper'`,
      'CREATE DATABASE "own"',
      'GRANT ALL ON "own" TO "keeper"',
    ];
    for (const q of users) await influx.post(`/query?${new URLSearchParams({ q })}`);
    await influx.stop();
    vi.stubEnv('INFLUXDB_HTTP_AUTH_ENABLED', 'true');
    await influx.startAgain();
    vi.unstubAllEnvs();
  });
  afterAll(async () => {
    await influx.stop();
    rmSync(folder, { recursive: true });
  });
  const as = (username: string, password: string, database: string) =>
    openTelemetryStore({ type: 'influxdb', url: influx.url, database, username, password });

  it('needs access only to its database; only an administrator can create one', async () => {
    const store = await as('keeper', 'of-keeper', 'own');
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual([['d', T0, 1]]);
    expect(await store.deleteBefore(T0 + 1, null)).toBe(1);
    await store.close();
    await expect(as('keeper', 'of-keeper', 'another')).rejects.toBeInstanceOf(Unavailable);
    await (await as('admin', 'of-admin', 'another')).close();
    await expect(as('keeper', 'wrong', 'own')).rejects.toThrow(/rejects the credentials: .*check token, or username/);
  });
});

describeWith('INFLUXD2', 'a bucket of InfluxDB 2.x', (program) => {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-influx-'));
  let influx: Influx;
  beforeAll(async () => {
    influx = await startInflux2(folder, program);
  });
  afterAll(async () => {
    await influx.stop();
    rmSync(folder, { recursive: true });
  });
  const at = (database: string, access: object = influx.access) =>
    openTelemetryStore({ type: 'influxdb', url: influx.url, database, ...access });
  /** Creates a bucket, and a token that may read and write it. */
  const bucketWithToken = async (name: string) => {
    await influx.make(name);
    const found = await fetch(`${influx.url}/api/v2/buckets?name=${name}`, {
      headers: { authorization: `Token ${influx.access.token}` },
    });
    const { buckets } = (await found.json()) as { buckets: [{ id: string; orgID: string }] };
    const [{ id, orgID }] = buckets;
    const resource = { type: 'buckets', id, orgID };
    const permissions = ['read', 'write'].map((action) => ({ action, resource }));
    const made = await influx.post('/api/v2/authorizations', JSON.stringify({ orgID, permissions }));
    return { id, token: (made as { token: string }).token };
  };

  it('is the one that InfluxQL reads, whatever its name', async () => {
    const { id: bucketID } = await bucketWithToken('upgraded');
    await influx.make('home');
    const mapping = { bucketID, database: 'home', retention_policy: 'weeks', default: true, org: influx.access.org };
    await influx.post('/api/v2/dbrps', JSON.stringify(mapping));
    await influx.make('plant', 'one');
    for (const [database, options] of [
      ['home', {}],
      ['home', { retention_policy: 'weeks' }],
      ['plant', { retention_policy: 'one' }],
      ['plant/one', {}],
      ['one more & another', {}],
    ] as const) {
      const store = await at(database, { ...influx.access, ...options });
      await store.write([
        batch('g', [
          ['d', T0, { v: 1 }],
          ['d', T0 + 1, { v: 2 }],
        ]),
      ]);
      expect(await rowsOf(store, 'g', ['d'], ['v'])).toHaveLength(2);
      expect(await store.deleteBefore(T0 + 1, null)).toBe(1);
      expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual([['d', T0 + 1, 2]]);
      await store.close();
    }
  });

  it('needs a token only for itself; a missing bucket is created if the token permits it', async () => {
    const { token } = await bucketWithToken('single');
    const access = { ...influx.access, token };
    const store = await at('single', access);
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual([['d', T0, 1]]);
    expect(await store.deleteBefore(T0 + 1, null)).toBe(1);
    await store.close();
    await expect(at('another', access)).rejects.toThrow(
      /has no bucket "another" that the token may read and write: create it first/,
    );
    await (await at('another')).close();
    await expect(at('another', access)).rejects.toBeInstanceOf(Unavailable);
  });

  it('returns numbers of other writers too', async () => {
    await influx.post(
      '/api/v2/write?bucket=bench&org=house&precision=ms',
      `meter,device_id=d total=3u,count=4i,on=true,name="x" ${T0}`,
    );
    const store = await at('bench');
    expect((await store.latest(0)).map(({ metric, value }) => `${metric} ${value}`).sort()).toEqual([
      'meter.count 4',
      'meter.total 3',
    ]);
    expect(await rowsOf(store, 'meter', ['d'], ['total', 'count'])).toEqual([['d', T0, 3, 4]]);
    await store.close();
  });

  it('explains what to check when access is denied', async () => {
    await expect(at('bench', { ...influx.access, token: 'wrong' })).rejects.toThrow(
      /rejects the credentials: .*check token/,
    );
    await expect(at('bench', { token: influx.access.token })).rejects.toThrow(/'org'/);
    await expect(at('bench', { ...influx.access, org: 'nobody' })).rejects.toThrow(/invalid org "nobody"/);
  });
});
