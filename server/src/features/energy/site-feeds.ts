import { HELD_MARGIN_MS, heldMeans } from '../../analytics/energy/held-means.ts';
import { seriesOf } from '../../domain/columns/frame.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import { reportersOf, type SiteDevices } from './site-sources.ts';

/** Prices and carbon intensity that feeds publish for a site, by slot. */
export class SiteFeeds {
  readonly #queries: TelemetryQueries;
  readonly #devices: SiteDevices;

  constructor(queries: TelemetryQueries, devices: SiteDevices) {
    this.#queries = queries;
    this.#devices = devices;
  }

  /** Price of imported energy per kWh by slot, NaN if unknown; null if no device of the site publishes a price. */
  importPrice(siteId: string, edges: Float64Array): Promise<Float64Array | null> {
    return this.#feed(siteId, 'price.import_per_kwh', edges);
  }

  exportPrice(siteId: string, edges: Float64Array): Promise<Float64Array | null> {
    return this.#feed(siteId, 'price.export_per_kwh', edges);
  }

  /** Carbon intensity of imported energy by slot: of a feed, else the site's own factor. */
  async carbon(site: Pick<SiteRecord, 'id' | 'emissionFactorKgPerKwh'>, edges: Float64Array): Promise<Float64Array> {
    const factor = site.emissionFactorKgPerKwh;
    const feed = await this.#feed(site.id, 'carbon.intensity_kg_per_kwh', edges);
    return feed?.map((known) => (known === known ? known : factor)) ?? new Float64Array(edges.length - 1).fill(factor);
  }

  /** The first feed takes precedence; the next ones fill its missing values. */
  async #feed(siteId: string, metric: string, edges: Float64Array): Promise<Float64Array | null> {
    const { group, quantity } = splitMetric(metric);
    const devices = reportersOf(
      this.#devices.ofSite(siteId),
      (deviceId) => this.#queries.metricsOf(deviceId),
      metric,
      'tariff_feed',
    );
    const window = { start: edges[0]! - HELD_MARGIN_MS, end: edges.at(-1) as number };
    let known: Float64Array | null = null;
    for (const { id } of devices) {
      const [frame] = await this.#queries.frames({ deviceIds: [id], group, quantities: [quantity], window });
      if (frame === undefined) continue;
      const means = heldMeans(seriesOf(frame, quantity), edges);
      known = known === null ? means : joined(known, means);
      if (known.every((value) => value === value)) break;
    }
    return known;
  }
}

/** The first series, with its missing values from the second. */
export function joined(first: Float64Array, second: Float64Array): Float64Array {
  return first.map((value, s) => (value === value ? value : second[s]!));
}
