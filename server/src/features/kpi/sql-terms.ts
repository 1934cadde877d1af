import { SerialQueue } from '../../domain/serial-queue.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import { type MachineTerms, writeMachineTerms } from '../../storage/postgres/machine-terms.ts';
import type { Tariffs } from '../../storage/records/analytics/tariffs.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { Sites } from '../../storage/records/devices/sites.ts';
import type { PostgresSettings } from '../../storage/records/records-options.ts';
import { reportersOf } from '../energy/site-sources.ts';
import { meterOf } from './meter.ts';
import { INDUSTRIAL_TERMS } from './service.ts';

export interface SqlTermsOptions {
  readonly stores: readonly PostgresSettings[];
  readonly sites: Pick<Sites, 'list'>;
  readonly tariffs: Pick<Tariffs, 'find'>;
  readonly devices: { all(): readonly DeviceRecord[] };
  readonly queries: Pick<TelemetryQueries, 'metricsOf'>;
}

/** Keeps the terms in PostgreSQL up to date by which the SQL functions for key figures price machines, so that they agree with the API. */
export class SqlTerms {
  readonly #options: SqlTermsOptions;
  #written = '';
  /** Serialises the calls in their order. */
  readonly #queue = new SerialQueue();

  constructor(options: SqlTermsOptions) {
    this.#options = options;
  }

  get isNeeded(): boolean {
    return this.#options.stores.length > 0;
  }

  /** Writes the terms of all machines if they changed since the last call; returns the number of machines. */
  sync(): Promise<number> {
    return this.#queue.run(() => this.#sync());
  }

  /** Runs after a change of tariffs or sites; the job repeats a run that failed. */
  syncSoon(): void {
    if (this.isNeeded) this.sync().catch(() => {});
  }

  async #sync(): Promise<number> {
    const machines = await machineTerms(this.#options);
    const text = JSON.stringify(machines);
    if (text === this.#written) return machines.length;
    for (const store of this.#options.stores) await writeMachineTerms(store, machines);
    this.#written = text;
    return machines.length;
  }
}

async function machineTerms({ sites, tariffs, devices, queries }: SqlTermsOptions): Promise<MachineTerms[]> {
  const found: MachineTerms[] = [];
  for (const site of await sites.list()) {
    const ofSite = devices.all().filter(({ siteId }) => siteId === site.id);
    const feeds = (metric: string) =>
      reportersOf(ofSite, (id) => queries.metricsOf(id), metric, 'tariff_feed').map(({ id }) => id);
    const priceFeeds = feeds('price.import_per_kwh');
    const own = site.tariffId === null ? undefined : await tariffs.find(site.tariffId);
    const importPrice =
      own?.terms.import_price ??
      (priceFeeds.length === 0 ? INDUSTRIAL_TERMS.import_price : ({ type: 'published' } as const));
    const { timezone: zone, emissionFactorKgPerKwh } = site;
    const carbonFeeds = feeds('carbon.intensity_kg_per_kwh');
    for (const { id: device } of ofSite.filter(({ id }) => meterOf(queries, id)?.group === 'energy')) {
      found.push({ device, zone, importPrice, priceFeeds, carbonFeeds, emissionFactorKgPerKwh });
    }
  }
  return found;
}
