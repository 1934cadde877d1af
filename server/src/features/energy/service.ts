import type {
  DailyReport,
  EnergyBalance,
  EnergyBalanceQuery,
  EnergyTotals,
  SiteSummary,
} from '@wattkeeper/contract/analytics/energy.ts';
import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import type { z } from 'zod';
import { explainTotals } from '../../analytics/energy/explain.ts';
import { allocateFlows } from '../../analytics/energy/flows.ts';
import { type SiteTotals, totalsBySpan } from '../../analytics/energy/totals.ts';
import { lowerBound } from '../../domain/columns/frame.ts';
import { NotFound } from '../../domain/errors.ts';
import { periodOf } from '../../domain/time/asked-window.ts';
import { addDays, bucketEdges, dayOf, dayWindow, instantOfLocal, localIso } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { Tariffs } from '../../storage/records/analytics/tariffs.ts';
import type { SiteRecord, Sites } from '../../storage/records/devices/sites.ts';
import { balanceWindow } from './balance-window.ts';
import { dayDetail } from './day-detail.ts';
import { EnergyLoader, type SiteEnergy } from './energy-loader.ts';
import { powerNow } from './power-now.ts';
import { SiteFeeds } from './site-feeds.ts';
import { type SiteCost, SitePricing } from './site-pricing.ts';
import type { SiteDevices } from './site-sources.ts';

export interface EnergyServiceOptions {
  readonly queries: TelemetryQueries;
  readonly sites: Pick<Sites, 'require' | 'preferred'>;
  readonly devices: SiteDevices;
  readonly tariffs: Pick<Tariffs, 'find'>;
  readonly now: () => number;
}

/** A window's energy with its cost. */
export interface PricedEnergy extends SiteEnergy {
  readonly window: Window;
  readonly price: SiteCost;
  /** Totals of the slots `from … to`. */
  readonly totals: (from: number, to: number) => SiteTotals;
  /** First slot of the window: slots before it only fill tiers. */
  readonly first: number;
}

/** Production, consumption, import and export of a site, and their cost. */
export class EnergyService {
  readonly #options: EnergyServiceOptions;
  readonly #loader: EnergyLoader;
  readonly #feeds: SiteFeeds;
  readonly #pricing: SitePricing;

  constructor(options: EnergyServiceOptions) {
    this.#options = options;
    this.#loader = new EnergyLoader(options.queries, options.devices);
    this.#feeds = new SiteFeeds(options.queries, options.devices);
    this.#pricing = new SitePricing(options.tariffs, this.#feeds);
  }

  /** A site by id or name, or the default one. Throws NotFound. */
  site(idOrName?: string): Promise<SiteRecord> {
    return idOrName === undefined ? this.#options.sites.preferred() : this.#options.sites.require(idOrName);
  }

  get pricing(): SitePricing {
    return this.#pricing;
  }

  get feeds(): SiteFeeds {
    return this.#feeds;
  }

  /** Energy and cost of any window by slots of 15 minutes. */
  async priced(site: SiteRecord, window: Window): Promise<PricedEnergy> {
    const terms = await this.#pricing.termsOf(site);
    const start = this.#pricing.startFor(terms, site, window.start);
    const energy = await this.energy(site, { start, end: window.end });
    const { slots, reported } = energy;
    const price = await this.#pricing.price(terms, site, slots, window);
    const carbon = await this.#feeds.carbon(site, slots.edges);
    return {
      ...energy,
      window,
      price,
      totals: totalsBySpan(slots, allocateFlows(slots), carbon, reported),
      first: lowerBound(slots.edges, window.start),
    };
  }

  /** Energy of any window by slots of 15 minutes, without its cost. */
  energy(site: SiteRecord, window: Window): Promise<SiteEnergy> {
    return this.#loader.load(site, window, this.#options.now());
  }

  /** Throws NotFound `no_data` if no device of the site reported energy on that day. */
  async dailyReport(date?: string, siteId?: string): Promise<DailyReport> {
    const site = await this.site(siteId);
    const day = date ?? dayOf(this.#options.now(), site.timezone);
    const window = dayWindow(day, site.timezone);
    const priced = await this.priced(site, window);
    const count = priced.slots.edges.length - 1;
    const totals = priced.totals(priced.first, count);
    const detail = await dayDetail(this.#options, site, priced, totals);
    const dataPoints = priced.dataPoints + detail.socSamples;
    if (dataPoints === 0) {
      throw new NotFound(`${site.name} has no energy readings on ${day}`, { code: 'no_data' });
    }
    return {
      date: day,
      site_id: site.id,
      time_period: periodOf(window),
      total_pv_production_kwh: totals.solarKwh,
      total_consumption_kwh: totals.consumptionKwh,
      grid_import_kwh: totals.importKwh,
      grid_export_kwh: totals.exportKwh,
      battery_charged_kwh: totals.chargedKwh,
      battery_discharged_kwh: totals.dischargedKwh,
      ...detail.report,
      self_consumption: totals.flows?.selfConsumption ?? null,
      self_sufficiency: totals.flows?.selfSufficiency ?? null,
      cost: costOf(priced, totals),
      revenue: revenueOf(priced, totals),
      currency: site.currency,
      carbon_kg: totals.carbonKg,
      data_points: dataPoints,
      coverage: totals.coverage,
      coverage_by_quantity: { ...totals.measuredCoverage },
      warnings: warningsOf(priced, totals),
    };
  }

  async balance(query: z.infer<typeof EnergyBalanceQuery>): Promise<EnergyBalance> {
    const site = await this.site(query.site_id);
    const window = balanceWindow(
      {
        start: query.start === undefined ? null : parseInstant(query.start),
        end: query.end === undefined ? null : parseInstant(query.end),
        resolution: query.resolution,
      },
      site.timezone,
      this.#options.now(),
    );
    const priced = await this.priced(site, window);
    const { slots, first, price } = priced;
    const last = slots.edges.length - 1;
    const edges = bucketEdges(window, query.resolution, site.timezone).map((edge) =>
      Math.max(window.start, Math.min(window.end, edge)),
    );
    const totals = priced.totals(first, last);
    return {
      site_id: site.id,
      currency: site.currency,
      time_period: periodOf(window),
      resolution: query.resolution,
      totals: { ...toTotals(priced, first, last), demand_cost: price.cost?.demandCost ?? null },
      flows: totals.flows?.flows ?? null,
      cost_by_band: (price.cost?.bands ?? []).map(({ band, energyKwh, cost }) => ({
        band,
        energy_kwh: energyKwh,
        cost,
      })),
      periods: [...edges.subarray(1)].map((end, i) => {
        const start = edges[i]!;
        const from = lowerBound(slots.edges, start);
        return { ...periodOf({ start, end }), ...toTotals(priced, from, lowerBound(slots.edges, end)) };
      }),
      warnings: warningsOf(priced, totals),
    };
  }

  async summary(siteId?: string): Promise<SiteSummary> {
    const { queries, devices, now } = this.#options;
    const site = await this.site(siteId);
    const instant = now();
    const today = dayOf(instant, site.timezone);
    const yesterday = addDays(today, -1);
    const before = dayWindow(yesterday, site.timezone);
    const sameTime = instantOfLocal(`${yesterday}${localIso(instant, site.timezone).slice(10, 19)}`, site.timezone);
    const [soFar, fullDay, part] = await Promise.all([
      this.#totals(site, { start: dayWindow(today, site.timezone).start, end: instant }),
      this.#totals(site, before),
      this.#totals(site, { start: before.start, end: sameTime }),
    ]);
    return {
      site_id: site.id,
      site_name: site.name,
      currency: site.currency,
      timezone: site.timezone,
      generated_at: formatInstant(instant),
      now: await powerNow(queries, devices, site, () => this.#pricing.priceAt(site, instant), instant),
      today: soFar.totals,
      yesterday: fullDay.hasData ? fullDay.totals : null,
      yesterday_so_far: part.hasData ? part.totals : null,
      device_count: devices.ofSite(site.id).length,
      is_demo: site.isDemo,
      warnings: soFar.warnings,
    };
  }

  async #totals(
    site: SiteRecord,
    window: Window,
  ): Promise<{ totals: EnergyTotals; hasData: boolean; warnings: string[] }> {
    const empty = window.end <= window.start;
    const priced = await this.priced(site, empty ? { start: window.start, end: window.start + 1 } : window);
    return {
      totals: toTotals(priced, priced.first, priced.slots.edges.length - 1),
      hasData: priced.dataPoints > 0,
      warnings: [...priced.warnings, ...priced.price.warnings],
    };
  }
}

function toTotals(priced: PricedEnergy, from: number, to: number): EnergyTotals {
  const totals = priced.totals(from, to);
  const { cost } = priced.price;
  return {
    solar_kwh: totals.solarKwh,
    consumption_kwh: totals.consumptionKwh,
    import_kwh: totals.importKwh,
    export_kwh: totals.exportKwh,
    battery_charged_kwh: totals.chargedKwh,
    battery_discharged_kwh: totals.dischargedKwh,
    vehicle_kwh: totals.vehicleKwh,
    self_consumption: totals.flows?.selfConsumption ?? null,
    self_sufficiency: totals.flows?.selfSufficiency ?? null,
    cost: costOf(priced, totals, from, to),
    revenue: revenueOf(priced, totals, from, to),
    fixed_cost: cost === null ? null : sumOf(cost.fixedBySlot, from, to),
    carbon_kg: totals.carbonKg,
    coverage: totals.coverage,
  };
}

function costOf({ price }: PricedEnergy, totals: SiteTotals, from = 0, to?: number): number | null {
  return price.cost === null || totals.importKwh === null ? null : sumOf(price.cost.costBySlot, from, to);
}

function revenueOf({ price }: PricedEnergy, totals: SiteTotals, from = 0, to?: number): number | null {
  return price.cost === null || totals.exportKwh === null ? null : sumOf(price.cost.revenueBySlot, from, to);
}

function warningsOf(priced: PricedEnergy, totals: SiteTotals): string[] {
  const { reason, warnings } = priced.price;
  return [
    ...explainTotals(priced.slots, totals, priced.reported),
    ...priced.warnings,
    ...(reason === null ? [] : [reason]),
    ...warnings,
  ];
}

function sumOf(column: Float64Array, from = 0, to = column.length): number {
  let sum = 0;
  for (let s = from; s < to; s++) sum += column[s]!;
  return sum;
}
