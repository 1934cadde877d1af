import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Unavailable } from '../../src/domain/errors.ts';
import { decodeName, encodeName } from '../../src/storage/influxdb/names.ts';
import { openTelemetryStore, type TelemetryStoreOptions } from '../../src/storage/open-store.ts';
import { batch, rowsOf } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';
import { INFLUXES, type Influx } from '../journeys/influx.ts';
import { describeWith } from '../needs.ts';

const T0 = Date.UTC(2026, 0, 15);

describe('names in InfluxDB', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => decodeName(encodeName(name)) === name));
  });
});

it('says who does not answer, and what to check', async () => {
  const nobody: TelemetryStoreOptions = { type: 'influxdb', url: 'http://127.0.0.1:19', database: 'x' };
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
    }, 60_000);
    afterAll(async () => {
      await influx.stop();
      rmSync(folder, { recursive: true });
    });
    const at = (database: string): TelemetryStoreOptions => ({
      type: 'influxdb',
      url: influx.url,
      database,
      ...influx.access,
    });

    telemetryStoreConformance('influxdb', {
      open: (place) => openTelemetryStore(at(basename(place))),
      inChild: (place) => at(basename(place)),
    });

    it('carries any names', async () => {
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
  });
}
