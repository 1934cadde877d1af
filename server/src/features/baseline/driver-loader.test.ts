import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { type Driver, driverColumns } from './driver-loader.ts';

const START = Date.UTC(2026, 2, 2);
const HOURS = 3;
const EDGES = Float64Array.from({ length: HOURS + 1 }, (_, h) => START + h * HOUR_MS);

describe('columns of drivers', () => {
  it('are the same as when read individually, with one query for each device and group', async () => {
    const world = await SiteWorld.open(START + HOURS * HOUR_MS);
    const press = await world.device('Press', 'machine', { expectedIntervalS: 900 });
    const station = await world.device('Station', 'meter', { expectedIntervalS: 900 });
    const report = (device: typeof press, metric: string, value: number) =>
      world.report(
        device,
        metric,
        every(15 * MINUTE_MS, START, START + HOURS * HOUR_MS, () => value),
      );
    await report(press, 'production.count', 5);
    await report(press, 'production.operating_hours', 0.25);
    await report(station, 'environment.outdoor_temp_c', -3);
    const queried: string[] = [];
    const queries = {
      ...world.queries,
      buckets: (request: Parameters<typeof world.queries.buckets>[0]) => {
        queried.push(`${request.deviceIds.join()} ${request.group}.${request.quantities.join('+')}`);
        return world.queries.buckets(request);
      },
    } as typeof world.queries;
    const describe = (metric: string) => new MetricCatalogue().describe(metric);
    const { calendars, sites } = world.records;
    const options = { queries, devices: world.devices, describe, calendars, sites, now: () => world.now };
    const driver = (metric: string, deviceId = press.id): Driver => ({ name: metric, metric, deviceId });
    const drivers = [
      driver('production.operating_hours'),
      driver('environment.outdoor_temp_c', station.id),
      driver('production.count'),
      driver('production.material_moisture_percent'),
      driver('production.count'),
    ];
    const columns = await driverColumns(options, drivers, EDGES);
    expect(columns.map((column) => [...column])).toEqual(
      [1, -3, 20, Number.NaN, 20].map((value) => new Array(HOURS).fill(value)),
    );
    expect(queried).toEqual([
      `${press.id} production.operating_hours+count+material_moisture_percent`,
      `${station.id} environment.outdoor_temp_c`,
    ]);
    for (const [d, one] of drivers.entries()) {
      expect(await driverColumns(options, [one], EDGES)).toEqual([columns[d]]);
    }
    // A column that is transferred to another thread must not include the memory of others.
    for (const { buffer } of columns) expect(buffer.byteLength).toBe(8 * HOURS);
  });
});
