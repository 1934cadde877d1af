import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import { onTestFinished } from 'vitest';
import type { Series } from '../../src/domain/columns/frame.ts';
import { MetricCatalogue, splitMetric } from '../../src/domain/metric-catalogue.ts';
import { PartialAnswers } from '../../src/domain/partial-answers.ts';
import { rulesFrom } from '../../src/features/devices/declared-rules.ts';
import { EnergyService } from '../../src/features/energy/service.ts';
import { QueryPlanner } from '../../src/query/query-planner.ts';
import type { LatestSample } from '../../src/query/telemetry-queries.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { DeviceInput, DeviceRecord } from '../../src/storage/records/devices/device-record.ts';
import type { SitePatch, SiteRecord } from '../../src/storage/records/devices/sites.ts';
import { openRecords, type RecordStore } from '../../src/storage/records/record-store.ts';
import { batchOf, columnsBlock } from '../conformance/telemetry-blocks.ts';

/** A site with real records and a real store in memory, at an instant that the test sets. */
export class SiteWorld {
  readonly records: RecordStore;
  readonly queries: QueryPlanner;
  readonly energy: EnergyService;
  site: SiteRecord;
  now: number;
  readonly #store = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 2 ** 30 });
  readonly #devices = new Map<string, DeviceRecord>();
  /** Metrics that a test registers. */
  readonly catalogue = new MetricCatalogue();
  readonly #metrics = new Map<string, Set<string>>();
  readonly #latest = new Map<string, LatestSample>();
  readonly #first = new Map<string, number>();

  private constructor(records: RecordStore, site: SiteRecord, now: number) {
    this.records = records;
    this.site = site;
    this.now = now;
    this.queries = new QueryPlanner({
      stores: [],
      journal: async function* () {},
      partial: new PartialAnswers(),
      memory: {
        read: (request) => this.#store.read(request),
        aggregate: (request) => this.#store.aggregate(request),
        coveredSince: () => Number.NEGATIVE_INFINITY,
      },
      rawFrom: () => Number.NEGATIVE_INFINITY,
      memoryHasMore: () => false,
      latest: {
        of: (deviceId) => [...this.#latest.values()].filter((sample) => sample.deviceId === deviceId),
        deviceIds: () => [...this.#devices.keys()],
        isRestored: () => true,
      },
      metricsOf: (deviceId) => [...(this.#metrics.get(deviceId) ?? [])],
      rulesOf: rulesFrom(
        (deviceId) => this.#devices.get(deviceId),
        this.catalogue,
        (siteId) => records.sites.zoneOf(siteId),
      ),
      now: () => this.now,
    });
    this.energy = new EnergyService({
      queries: this.queries,
      sites: records.sites,
      devices: this.devices,
      tariffs: records.tariffs,
      now: () => this.now,
    });
  }

  static async open(now: number, patch: Omit<SitePatch, 'name'> = {}): Promise<SiteWorld> {
    const records = await openRecords({ type: 'sqlite', path: ':memory:' });
    onTestFinished(() => records.close());
    const site = await records.sites.create({
      name: 'Test site',
      timezone: 'Europe/Warsaw',
      currency: 'PLN',
      ...patch,
    });
    return new SiteWorld(records, site, now);
  }

  readonly devices = {
    firstReadingAt: (deviceId: string, group: string) => this.#first.get(`${deviceId} ${group}`) ?? null,
    all: () => [...this.#devices.values()],
    ofSite: (siteId: string) => [...this.#devices.values()].filter((device) => device.siteId === siteId),
    require: (idOrName: string) => {
      const device = [...this.#devices.values()].find(({ id, name }) => id === idOrName || name === idOrName);
      if (device === undefined) throw new Error(`no device ${idOrName} in this test`);
      return device;
    },
  };

  async device(name: string, kind: DeviceRecord['kind'], input: Partial<DeviceInput> = {}): Promise<DeviceRecord> {
    const device = await this.records.devices.create({ name, kind, siteId: this.site.id, ...input });
    this.#devices.set(device.id, device);
    return device;
  }

  async retire(device: DeviceRecord, retiredAt: number | null): Promise<void> {
    this.#devices.set(device.id, await this.records.devices.update(device.id, { retiredAt }));
  }

  async report(device: DeviceRecord, metric: string, { timestamps, values }: Series): Promise<void> {
    const { group, quantity } = splitMetric(metric);
    const known = this.#metrics.get(device.id) ?? new Set();
    this.#metrics.set(device.id, known.add(metric));
    const last = timestamps.length - 1;
    const first = this.#first.get(`${device.id} ${group}`) ?? Number.POSITIVE_INFINITY;
    this.#first.set(`${device.id} ${group}`, Math.min(first, timestamps[0]!));
    this.#latest.set(`${device.id} ${metric}`, {
      deviceId: device.id,
      metric,
      timestamp: timestamps[last]!,
      value: values[last]!,
    });
    await this.#store.write([batchOf(columnsBlock(group, device.id, timestamps, { [quantity]: values }))]);
  }

  async tariff(terms: Partial<TariffTerms> & Pick<TariffTerms, 'import_price'>): Promise<void> {
    const { id } = await this.records.tariffs.create({
      name: 'Test tariff',
      export_price: { type: 'none' },
      fixed_per_day: 0,
      demand_per_kw_month: 0,
      ...terms,
    });
    this.site = await this.records.sites.update(this.site.id, { tariffId: id });
  }
}

/** Samples every `stepMs` from `start` to `end` (without it). */
export function every(stepMs: number, start: number, end: number, valueAt: (instant: number) => number): Series {
  const timestamps = Float64Array.from({ length: Math.ceil((end - start) / stepMs) }, (_, i) => start + i * stepMs);
  return { timestamps, values: timestamps.map(valueAt) };
}

/** Samples at given instants. */
export function samples(...pairs: readonly [instant: number, value: number][]): Series {
  return {
    timestamps: Float64Array.from(pairs, ([instant]) => instant),
    values: Float64Array.from(pairs, ([, value]) => value),
  };
}
