import type { MovableLoad, OptimalSchedule, OptimalScheduleRequest } from '@wattkeeper/contract/analytics/forecast.ts';
import { parseInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import {
  type Outlook,
  type Shift,
  type ShiftableLoad,
  shiftLoad,
  withLoad,
} from '../../../analytics/forecast/shift-load.ts';
import { lowerBound } from '../../../domain/columns/frame.ts';
import { ExpectedError, InvalidInput } from '../../../domain/errors.ts';
import { bucketEdges, localTime } from '../../../domain/time/site-time.ts';
import type { SiteRecord } from '../../../storage/records/devices/sites.ts';
import type { EnergyService } from '../../energy/service.ts';
import { iso } from '../load-history.ts';
import type { ForecastService } from '../service.ts';
import type { SolarForecastService } from '../solar/service.ts';

export interface ScheduleOptions {
  readonly energy: EnergyService;
  readonly demand: ForecastService;
  readonly solar: SolarForecastService;
  readonly now: () => number;
}

const DEFAULT_AHEAD_MS = UTC_DAY_MS;
const MAX_AHEAD_MS = 2 * UTC_DAY_MS;

/** Start times of movable loads at the lowest cost, from prices, solar production and the site's demand. */
export class ScheduleService {
  readonly #options: ScheduleOptions;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Throws InvalidInput if a load does not fit between its earliest start and its end. */
  async schedule({ site: idOrName, loads }: OptimalScheduleRequest): Promise<OptimalSchedule> {
    const { energy, now } = this.#options;
    const site = await energy.site(idOrName);
    const at = now();
    const movable = loads.map((load, i) => ({ name: load.name, ...shiftable(load, i, at) }));
    const end = Math.max(...movable.map(({ latest }) => latest));
    const warnings: string[] = [];
    let outlook = await this.#outlook(site, at, end, warnings);
    const placed = new Map<number, OptimalSchedule['loads'][number]>();
    for (const [i, load] of [...movable.entries()].sort(([, a], [, b]) => b.energyKwh - a.energyKwh)) {
      const shift = shiftLoad(load, outlook);
      if (shift === null) throw noPrice(load.name, i);
      outlook = withLoad(outlook, shift.best);
      placed.set(i, toLoad(load.name, shift, site));
    }
    const answer = loads.map((_, i) => placed.get(i) as OptimalSchedule['loads'][number]);
    return {
      site_id: site.id,
      currency: site.currency,
      generated_at: iso(at),
      chosen_by: outlook.prices === null ? 'demand' : 'price',
      loads: answer,
      total_savings: outlook.prices === null ? null : answer.reduce((sum, { savings }) => sum + (savings ?? 0), 0),
      warnings,
    };
  }

  async #outlook(site: SiteRecord, start: number, end: number, warnings: string[]): Promise<Outlook> {
    const { energy, solar } = this.#options;
    const edges = bucketEdges({ start, end }, '15m', site.timezone);
    const unknown = () => new Float64Array(edges.length - 1).fill(Number.NaN);
    const prices = await energy.pricing.pricesBySlot(site, edges);
    for (const warning of prices?.warnings ?? []) if (!warnings.includes(warning)) warnings.push(warning);
    const hasPrices = prices?.import.some((price) => price === price) ?? false;
    if (!hasPrices)
      warnings.push('the site has no tariff and no price is published: the start is chosen to minimise peaks');
    const orUnknown = (work: Promise<Float64Array>, what: string) =>
      work.catch((error: unknown) => {
        if (!(error instanceof ExpectedError)) throw error;
        // A site without panels needs no solar forecast.
        if (error.code === 'no_data') return unknown();
        warnings.push(`${what} is not taken into account: ${error.message}`);
        return unknown();
      });
    const [demandKw, solarKw] = await Promise.all([
      orUnknown(this.#demand(site, edges), 'the demand of the site'),
      orUnknown(solar.powerBySlot(site, edges), 'solar power'),
    ]);
    return { edges, prices: hasPrices ? prices : null, demandKw, solarKw };
  }

  async #demand(site: SiteRecord, edges: Float64Array): Promise<Float64Array> {
    const { forecast } = await this.#options.demand.serve({ site, device: null }, '24h');
    const starts = Float64Array.from(forecast.starts);
    return Float64Array.from({ length: edges.length - 1 }, (_, s) => {
      const hour = lowerBound(starts, edges[s]! + 1) - 1;
      const isCovered = hour >= 0 && edges[s]! < starts[hour]! + HOUR_MS;
      return isCovered && !forecast.silent[hour] ? forecast.kw[hour]! : Number.NaN;
    });
  }
}

function shiftable(
  { energy_kwh, duration_minutes, earliest, latest }: MovableLoad,
  i: number,
  now: number,
): ShiftableLoad {
  const from = Math.max(now, earliest === undefined ? now : parseInstant(earliest));
  const to = latest === undefined ? Math.max(from, now) + DEFAULT_AHEAD_MS : parseInstant(latest);
  const durationMs = duration_minutes * MINUTE_MS;
  const refuse = (detail: string) => {
    const field = `loads.${i}.latest`;
    throw new InvalidInput(`${field} ${detail}`, { fields: [{ field, detail }] });
  };
  if (to > now + MAX_AHEAD_MS) refuse(`must be at most 48 hours from now; got ${iso(to)}`);
  if (from + durationMs > to) {
    refuse(
      `must be at least ${duration_minutes} minutes after ${iso(from)}, the earliest start of the load; got ${iso(to)}`,
    );
  }
  return { energyKwh: energy_kwh, durationMs, earliest: from, latest: to };
}

function noPrice(name: string, i: number): InvalidInput {
  const detail = `no price is known for any possible start of "${name}": choose an earlier end`;
  return new InvalidInput(detail, { fields: [{ field: `loads.${i}.latest`, detail }] });
}

function toLoad(name: string, { best, now }: Shift, site: SiteRecord): OptimalSchedule['loads'][number] {
  const isKnown = best.cost !== null && now.cost !== null && now.cost === now.cost;
  const savings = isKnown ? (now.cost as number) - (best.cost as number) : null;
  return {
    name,
    start: iso(best.start),
    end: iso(best.end),
    power_kw: best.powerKw,
    cost: best.cost,
    cost_now: isKnown ? now.cost : null,
    savings,
    solar_share: best.solarShare,
    explanation: explain(name, { best, now }, savings, site),
  };
}

function explain(
  name: string,
  { best, now }: Shift,
  savings: number | null,
  { timezone, currency }: SiteRecord,
): string {
  const times = `${clock(best.start, timezone)}–${clock(best.end, timezone)}`;
  if (best.start === now.start) return `Run ${name} ${times}: no later time is better`;
  if (savings === null) return `Run ${name} ${times}, when the site's demand is lowest`;
  const sun = best.solarShare >= 0.01 ? `, ${Math.round(100 * best.solarShare)} % of it solar` : '';
  const money = (amount: number) => `${amount.toFixed(2)} ${currency}`;
  return `Run ${name} ${times} for ${money(best.cost as number)}${sun}, because at ${clock(now.start, timezone)} it costs ${money(now.cost as number)}`;
}

function clock(instant: number, timeZone: string): string {
  const { minuteOfDay } = localTime(instant, timeZone);
  return `${String(Math.floor(minuteOfDay / 60)).padStart(2, '0')}:${String(minuteOfDay % 60).padStart(2, '0')}`;
}
