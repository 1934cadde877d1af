import type { KpiName, KpiQuery } from '@wattkeeper/contract/analytics/kpi.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import { sumKnown } from '../../analytics/energy/flows.ts';
import type { IntervalEnergy } from '../../analytics/energy/interval-energy.ts';
import type { Steps } from '../../analytics/energy/steps.ts';
import type { Outcome } from '../../analytics/kpi/check-expression.ts';
import { DEMAND_WINDOW_MS, type PeakDemand, peakDemand } from '../../analytics/kpi/peak-demand.ts';
import { priceEnergy } from '../../analytics/tariff/price-energy.ts';
import { askedWindow, periodOf } from '../../domain/time/asked-window.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import type { EnergyService } from '../energy/service.ts';
import { type MachineEnergy, machineEnergy, meteredIntervals, powerSteps } from './machine-energy.ts';
import { type Meter, meterOf, noMeter } from './meter.ts';

export interface KpiOptions {
  readonly queries: TelemetryQueries;
  readonly devices: { require(idOrName: string): DeviceRecord };
  readonly energy: EnergyService;
  readonly now: () => number;
}

/** Default tariff of an industrial site. */
export const INDUSTRIAL_TERMS: TariffTerms = {
  name: 'industrial default',
  import_price: {
    type: 'time_of_use',
    bands: [{ name: 'peak', price_per_kwh: 0.2, from: '08:00', to: '20:00', holidays: 'include' }],
    otherwise: { name: 'off-peak', price_per_kwh: 0.1 },
    holidays: [],
  },
  export_price: { type: 'none' },
  fixed_per_day: 0,
  demand_per_kw_month: 0,
};
/** Maximum length of a window. */
const MAX_WINDOW_DAYS = 400;
const COMPLETE = 0.99;

/** A machine and a window with its energy. */
interface Subject {
  readonly device: DeviceRecord;
  readonly meter: Meter;
  readonly site: SiteRecord;
  readonly window: Window;
  readonly energy: MachineEnergy;
  readonly totalKwh: number | null;
  readonly coverage: number;
}

/** Key performance indicators of machines (ISO 50001). */
export class KpiService {
  readonly #options: KpiOptions;

  constructor(options: KpiOptions) {
    this.#options = options;
  }

  /** Specific energy consumption: kWh per unit produced. */
  async sec(query: KpiQuery) {
    const subject = await this.#subject(query);
    const { sec, units, reason } = await this.#sec(subject);
    const { hours } = periodWithHours(subject.window);
    return {
      ...aboutOf(subject),
      sec_kwh_per_unit: sec,
      total_energy_kwh: subject.totalKwh,
      total_production_units: units,
      time_period_hours: hours,
      reason,
    };
  }

  /** Peak demand: the highest mean power over a rolling 15 minutes. */
  async peakDemand(query: KpiQuery) {
    const subject = await this.#subject(query);
    const { peak, reason } = await this.#peak(subject);
    return {
      ...aboutOf(subject),
      peak_demand_kw: peak?.kw ?? null,
      timestamp: peak ? formatInstant(peak.from) : null,
      reason,
    };
  }

  /** Mean power ÷ peak demand. */
  async loadFactor(query: KpiQuery) {
    const subject = await this.#subject(query);
    const { peak, reason } = await this.#peak(subject);
    const mean = meanPower(subject);
    return {
      ...aboutOf(subject),
      ...loadFactor(mean, peak, reason),
      mean_power_kw: mean,
      peak_demand_kw: peak?.kw ?? null,
    };
  }

  /** Σ energy × price, by tariff band. */
  async energyCost(query: KpiQuery) {
    const subject = await this.#subject(query);
    const { cost, demand, bands, tariff, warnings } = await this.#cost(subject);
    return {
      ...aboutOf(subject, warnings),
      total_cost: cost,
      demand_charge: demand,
      total_with_demand_charge: sumOf(cost, demand),
      currency: subject.site.currency,
      total_energy_kwh: subject.totalKwh,
      bands,
      tariff,
      reason: cost === null ? NO_ENERGY : null,
    };
  }

  /** Σ energy × carbon intensity. */
  async carbon(query: KpiQuery) {
    const subject = await this.#subject(query);
    const kg = await this.#carbon(subject);
    const mean = kg === null || !subject.totalKwh ? null : kg / subject.totalKwh;
    return {
      ...aboutOf(subject),
      total_carbon_kg: kg,
      carbon_intensity_kg_per_kwh: mean,
      total_energy_kwh: subject.totalKwh,
      reason: kg === null ? NO_ENERGY : null,
    };
  }

  async all(query: KpiQuery) {
    const subject = await this.#subject(query);
    const { sec, units, reason: secReason } = await this.#sec(subject);
    const { peak, reason: peakReason } = await this.#peak(subject);
    const mean = meanPower(subject);
    const { load_factor: factor, reason: factorReason } = loadFactor(mean, peak, peakReason);
    const { cost, demand, warnings } = await this.#cost(subject);
    const kg = await this.#carbon(subject);
    return {
      ...aboutOf(subject, warnings),
      kpis: {
        energy: figure(subject.totalKwh, 'kWh', NO_ENERGY),
        production: figure(units, 'units', NO_PRODUCTION),
        sec: { value: sec, unit: 'kWh/unit', reason: secReason },
        mean_power: figure(mean, 'kW', NO_ENERGY),
        peak_demand: {
          value: peak?.kw ?? null,
          unit: 'kW',
          reason: peakReason,
          timestamp: peak ? formatInstant(peak.from) : null,
        },
        load_factor: { value: factor, percent: factor === null ? null : 100 * factor, reason: factorReason },
        energy_cost: {
          ...figure(cost, subject.site.currency, NO_ENERGY),
          demand_charge: demand,
          total: sumOf(cost, demand),
        },
        carbon: figure(kg, 'kg CO2', NO_ENERGY),
        carbon_intensity_per_kwh: figure(...intensityOf(subject, kg)),
        carbon_intensity: figure(kg, 'kg CO2', NO_ENERGY),
      },
    };
  }

  /**
   * The key figures that custom expressions refer to, with the share of the window for which the energy is known. Loads only the data that
   * the names need.
   */
  async figures(query: KpiQuery, names: ReadonlySet<KpiName>) {
    const subject = await this.#subject(query);
    const { totalKwh, coverage } = subject;
    const needs = (...some: KpiName[]) => some.some((name) => names.has(name));
    const none = { sec: null, units: null, peak: null, cost: null, reason: null, warnings: [] };
    const made = needs('sec', 'production') ? await this.#sec(subject) : none;
    const peak = needs('peak_demand', 'load_factor') ? await this.#peak(subject) : none;
    const factor = loadFactor(meanPower(subject), peak.peak, peak.reason);
    const { cost, warnings: ofCost } = needs('energy_cost') ? await this.#cost(subject) : none;
    const kg = needs('carbon', 'carbon_intensity') ? await this.#carbon(subject) : null;
    const values = {
      energy: outcomeOf(totalKwh, NO_ENERGY),
      production: outcomeOf(made.units, NO_PRODUCTION),
      sec: outcomeOf(made.sec, made.reason),
      mean_power: outcomeOf(meanPower(subject), NO_ENERGY),
      peak_demand: outcomeOf(peak.peak?.kw ?? null, peak.reason),
      load_factor: outcomeOf(factor.load_factor, factor.reason),
      energy_cost: outcomeOf(cost, NO_ENERGY),
      carbon: outcomeOf(kg, NO_ENERGY),
      carbon_intensity: outcomeOf(kg === null || !totalKwh ? null : kg / totalKwh, totalKwh === 0 ? NO_USE : NO_ENERGY),
    } satisfies Record<KpiName, Outcome>;
    return { values, coverage, warnings: aboutOf(subject, ofCost).warnings };
  }

  async #subject(query: KpiQuery): Promise<Subject> {
    const { queries, devices, energy, now } = this.#options;
    const device = devices.require(query.machine_id);
    const meter = meterOf(queries, device.id);
    if (meter === null) throw noMeter(device.name);
    const window = windowOf(query, now());
    const site = await energy.site(device.siteId);
    const found = await machineEnergy(queries, device, {
      window,
      timeZone: site.timezone,
      asOf: now(),
      bucket: '15m',
    });
    const elapsed = Math.max(Math.min(window.end, now()) - window.start, 0);
    const known = found.knownMs.reduce((sum, ms) => sum + ms, 0);
    return {
      device,
      meter,
      site,
      window,
      energy: found,
      totalKwh: sumKnown(found.kwh, 0, found.kwh.length),
      coverage: elapsed === 0 ? 0 : Math.min(known / elapsed, 1),
    };
  }

  async #sec({ device, window, totalKwh }: Subject) {
    const { queries, now } = this.#options;
    const edges = Float64Array.of(window.start, window.end);
    const [answer] = await queries.buckets({
      deviceIds: [device.id],
      group: 'production',
      quantities: ['count'],
      edges,
      asOf: now(),
    });
    const counted = answer?.buckets[0]?.sum[0] ?? Number.NaN;
    const units = Number.isNaN(counted) ? null : counted;
    if (totalKwh === null) return { sec: null, units, reason: NO_ENERGY };
    if (units === null) return { sec: null, units, reason: NO_PRODUCTION };
    if (units === 0) return { sec: null, units, reason: 'nothing was produced in this window' };
    return { sec: totalKwh / units, units, reason: null };
  }

  /** Peak demand from power; without power, from energy per interval or the growth of the counter between samples. */
  async #peak({ device, meter, window, site }: Subject): Promise<{ peak: PeakDemand | null; reason: string | null }> {
    const { queries, now } = this.#options;
    const steps =
      meter.power !== null
        ? await powerSteps(queries, { device, meter, asOf: now() }, window)
        : meter.interval !== null
          ? shortSteps(await meteredIntervals(queries, { device, meter, asOf: now() }, window, site.timezone))
          : await this.#growthSteps(device, meter, window);
    const peak = peakDemand(within(steps, window), window);
    return { peak, reason: peak ? null : 'no 15 minutes of this window have a power coverage of 80 %' };
  }

  /** Mean power between the samples of a counter. */
  async #growthSteps(device: DeviceRecord, { group, counter }: Meter, window: Window): Promise<Steps> {
    const request = { deviceId: device.id, group, quantity: counter!, window };
    const { growth } = await this.#options.queries.counter(request);
    return {
      starts: Float64Array.from(growth, ({ start }) => start),
      ends: Float64Array.from(growth, ({ end }) => end),
      values: Float64Array.from(growth, ({ amount, start, end }) => (amount * HOUR_MS) / (end - start)),
    };
  }

  async #cost({ site, energy, totalKwh }: Subject) {
    const { feeds, pricing } = this.#options.energy;
    const own = await pricing.termsOf(site);
    const importPrice = await feeds.importPrice(site.id, energy.edges);
    const terms: TariffTerms = own ?? (importPrice === null ? INDUSTRIAL_TERMS : dynamicTerms(importPrice));
    if (totalKwh === null) return { cost: null, demand: null, bands: [], tariff: terms.name, warnings: [] };
    const slots = {
      edges: energy.edges,
      importKwh: energy.kwh,
      exportKwh: new Float64Array(energy.kwh.length),
      importPrice,
      exportPrice: null,
    };
    const { cost, demandCost, bands, warnings } = priceEnergy(terms, slots, { timeZone: site.timezone });
    return {
      cost,
      demand: demandCost,
      bands: bands.map(({ band, energyKwh, cost: ofBand }) => ({ band, energy_kwh: energyKwh, cost: ofBand })),
      tariff: terms.name,
      warnings,
    };
  }

  async #carbon({ site, energy, totalKwh }: Subject): Promise<number | null> {
    if (totalKwh === null) return null;
    const factors = await this.#options.energy.feeds.carbon(site, energy.edges);
    return energy.kwh.reduce((sum, kwh, s) => (kwh === kwh ? sum + kwh * factors[s]! : sum), 0);
  }
}

/** Mean power of intervals; intervals longer than 15 minutes do not show peaks. */
function shortSteps({ starts, ends, kwh }: IntervalEnergy): Steps {
  const short = [...starts.keys()].filter((i) => ends[i]! - starts[i]! <= DEMAND_WINDOW_MS);
  return {
    starts: Float64Array.from(short, (i) => starts[i]!),
    ends: Float64Array.from(short, (i) => ends[i]!),
    values: Float64Array.from(short, (i) => (kwh[i]! * HOUR_MS) / (ends[i]! - starts[i]!)),
  };
}

const NO_ENERGY = 'the energy of the machine is not known in this window';
const NO_PRODUCTION = 'the machine reports no production.count in this window';
const NO_USE = 'the machine used no energy in this window';

function outcomeOf(value: number | null, reason: string | null): Outcome {
  return value === null ? { reason: reason ?? NO_ENERGY } : { value };
}

/** The requested window: 24 hours by default, at most 400 days. Throws InvalidInput. */
export function windowOf(query: Pick<KpiQuery, 'start' | 'end'>, now: number): Window {
  return askedWindow(query, { now, defaultDays: 1, maxDays: MAX_WINDOW_DAYS });
}

/** A window in its API form, with its length. */
export function periodWithHours(window: Window) {
  return { ...periodOf(window), hours: (window.end - window.start) / HOUR_MS };
}

/** A key figure in its API form, with the reason for a missing value. */
function figure(value: number | null, unit: string, reason: string) {
  return { value, unit, reason: value === null ? reason : null };
}

function sumOf(cost: number | null, demand: number | null): number | null {
  return cost === null || demand === null ? null : cost + demand;
}

/** Carbon intensity, its unit, and the reason for a missing value. */
function intensityOf({ totalKwh }: Subject, kg: number | null): [number | null, string, string] {
  const value = kg === null || !totalKwh ? null : kg / totalKwh;
  return [value, 'kg CO2/kWh', totalKwh === 0 ? NO_USE : NO_ENERGY];
}

function aboutOf({ device, meter, window, coverage }: Subject, others: readonly string[] = []) {
  const gaps = coverage < COMPLETE ? [`the energy is known for ${(100 * coverage).toFixed(1)} % of this window`] : [];
  return {
    machine_id: device.id,
    machine_name: device.name,
    meter: meter.group,
    time_period: periodWithHours(window),
    coverage,
    warnings: [...gaps, ...others],
  };
}

/** Mean over the time for which the energy is known. */
function meanPower({ energy, totalKwh }: Subject): number | null {
  const knownMs = energy.knownMs.reduce((sum, ms) => sum + ms, 0);
  return totalKwh === null || knownMs === 0 ? null : (totalKwh * HOUR_MS) / knownMs;
}

function loadFactor(mean: number | null, peak: PeakDemand | null, reason: string | null) {
  if (mean === null || peak === null) return { load_factor: null, reason: reason ?? NO_ENERGY };
  if (peak.kw <= 0) return { load_factor: null, reason: 'the machine used no power in this window' };
  return { load_factor: mean / peak.kw, reason: null };
}

/** Steps clipped to a window. */
function within({ starts, ends, values }: Steps, { start, end }: Window): Steps {
  const inside = [...starts.keys()].filter((i) => ends[i]! > start && starts[i]! < end);
  return {
    starts: Float64Array.from(inside, (i) => Math.max(starts[i]!, start)),
    ends: Float64Array.from(inside, (i) => Math.min(ends[i]!, end)),
    values: Float64Array.from(inside, (i) => values[i]!),
  };
}

/** The values of a feed; missing values are replaced by its mean. */
function dynamicTerms(importPrice: Float64Array): TariffTerms {
  const known = importPrice.filter((price) => price === price);
  const mean = known.length === 0 ? 0 : known.reduce((sum, price) => sum + price, 0) / known.length;
  const import_price = { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: mean } as const;
  return { ...INDUSTRIAL_TERMS, name: 'published prices', import_price };
}
