import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { INFLUXES, type Influx } from '../journeys/influx.ts';
import { describeWith } from '../needs.ts';
import { openMigrationWorld } from './migration-world.ts';

const START = Date.UTC(2025, 5, 1);

it('sends credentials only to the configured server', async () => {
  const messages: (string | undefined)[] = [];
  const server = createServer((request, reply) => {
    messages.push(request.headers.authorization);
    reply.writeHead(500).end('{}');
  });
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { migrate } = await openMigrationWorld('UTC', {
    WATTKEEPER_MIGRATION__INFLUXDB__URL: `http://127.0.0.1:${port}`,
    WATTKEEPER_MIGRATION__INFLUXDB__USERNAME: 'keeper',
    WATTKEEPER_MIGRATION__INFLUXDB__PASSWORD: 'secret',
  });
  for (const host of ['127.0.0.1', 'localhost'])
    await expect(migrate({ source: 'influxdb', from: `http://${host}:${port}/home` })).rejects.toThrow(/InfluxDB at/);
  expect(messages).toEqual([`Basic ${Buffer.from('keeper:secret').toString('base64')}`, undefined]);
});

for (const [part, version, start] of INFLUXES)
  describeWith(part, `migration from InfluxDB ${version}`, (program) => {
    const folder = mkdtempSync(join(tmpdir(), 'influx-migration-'));
    let influx: Influx;
    beforeAll(async () => {
      influx = await start(folder, program);
    });
    afterAll(async () => {
      await influx.stop();
      rmSync(folder, { recursive: true });
    });

    const write = (database: string, lines: readonly string[], more = '') =>
      influx.post(`/write?db=${database}&precision=ms${more}`, lines.join('\n'));
    const openWorld = () => {
      const { token, org } = influx.access;
      return openMigrationWorld(undefined, {
        WATTKEEPER_MIGRATION__INFLUXDB__URL: influx.url,
        ...(token && { WATTKEEPER_MIGRATION__INFLUXDB__TOKEN: token }),
        ...(org && { WATTKEEPER_MIGRATION__INFLUXDB__ORG: org }),
      });
    };

    it('migrates every point under the names of line protocol', async () => {
      await influx.make('home');
      const points = Array.from(
        { length: 25_000 },
        (_, i) => `battery,host=GW1 soc_percent=${i % 101},cycles=${i}i ${START + i * 60_000}`,
      );
      await write('home', points);
      await write('home', [
        `W,domain=sensor,entity_id=solar_power value=1500,icon="sun" ${START}`,
        `W,domain=sensor,entity_id=lamp value=20 ${START}`,
        `W,domain=sensor,entity_id=lamp state="off" ${START + 1000}`,
        `odd\\ name,host=GW1,string=a\\,b x.y=1,on=true ${START - 400 * 86_400_000}`,
      ]);
      await influx.make('home', 'short');
      await write('home', [`minutes,host=GW1 load=1 ${START}`], '&rp=short');

      const { migrate, stored } = await openWorld();
      const from = `${influx.url}/home`;
      const mapping = JSON.stringify({
        rules: [
          { measurement: 'W', tags: { entity_id: 'solar_power' }, device: 'Roof', metric: 'solar.power_kw', unit: 'W' },
        ],
      });
      const dry = await migrate({ source: 'influxdb', from, mapping, dry_run: true });
      expect(dry).toMatchObject({ found: 25_003, to_migrate: 25_003, unreadable: 0, missing: 0 });
      const report = await migrate({ source: 'influxdb', from, mapping });
      expect(report).toMatchObject({ found: 25_003, migrated: 25_003, unreadable: 0, missing: 0 });
      expect(report.notes.join('; ')).toMatch(
        /1 points contain only texts.*other retention policies were not read: short;/,
      );
      expect(report.values).toMatchObject({ found: 50_004, written: 50_004 });
      const soc = await stored('GW1', 'battery.soc_percent');
      expect(soc).toHaveLength(25_000);
      expect(soc[24_999]).toBe('2025-06-18T08:39:00.000Z 52');
      expect(await stored('Roof', 'solar.power_kw')).toEqual(['2025-06-01T00:00:00.000Z 1.5']);
      expect(await stored('lamp', 'W.value')).toEqual(['2025-06-01T00:00:00.000Z 20']);
      expect(await stored('GW1/string=a,b', 'odd name.x_y')).toEqual(['2024-04-27T00:00:00.000Z 1']);
      expect(await stored('GW1/string=a,b', 'odd name.on')).toEqual(['2024-04-27T00:00:00.000Z 1']);

      expect(await migrate({ source: 'influxdb', from, mapping })).toMatchObject({
        migrated: 0,
        already_there: 25_003,
      });
      expect(await migrate({ source: 'influxdb', from: `${from}?rp=short` })).toMatchObject({ found: 1, migrated: 1 });
      await influx.make('archive');
      await influx.make('archive', 'old');
      await write('archive', [`minutes,host=GW1 load=1 ${START}`], '&rp=old');
      await expect(migrate({ source: 'influxdb', from: `${influx.url}/archive` })).rejects.toThrow(
        /archive has no points in this retention policy: add \?rp= and one of old/,
      );
    });

    it('reports errors of an address or a mapping, and creates no database', async () => {
      const { migrate } = await openWorld();
      const request = { source: 'influxdb', from: `${influx.url}/attic` } as const;
      await expect(migrate(request)).rejects.toThrow(/\/attic rejects the request: database not found: attic/);
      await expect(migrate({ ...request, from: `${influx.url}/bench` })).rejects.toThrow(
        /the database .*\/bench has no points: is it the right one/,
      );
      await expect(migrate({ ...request, from: influx.url })).rejects.toThrow(/an address with a database, such as/);
      await expect(migrate({ ...request, from: 'http://127.0.0.1:19/home' })).rejects.toThrow(/does not answer/);
      const rules = JSON.stringify({ rules: [{ measurement: 'nothing' }] });
      await expect(migrate({ ...request, from: `${influx.url}/home`, mapping: rules })).rejects.toThrow(
        /names the measurement "nothing"/,
      );
      await expect(migrate({ ...request, device: 'x' })).rejects.toThrow(/name their devices/);
    });
  });
