import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { z } from 'zod';
import { MIN_SOLAR_DAYS, SOLAR_RECENT_DAYS, type SolarFit } from '../../../analytics/forecast/solar.ts';
import { lowerBound } from '../../../domain/columns/frame.ts';
import { InvalidInput, NotFound } from '../../../domain/errors.ts';
import { addDays, bucketEdges, dayOf, dayWindow, localTimes } from '../../../domain/time/site-time.ts';
import type { ModelPool } from '../../../jobs/model-pool.ts';
import type { Forecasts } from '../../../storage/records/analytics/forecasts.ts';
import type { SiteRecord } from '../../../storage/records/devices/sites.ts';
import type { EnergyService } from '../../energy/service.ts';
import { iso } from '../load-history.ts';

export interface SolarForecastOptions {
  readonly energy: EnergyService;
  readonly forecasts: Forecasts;
  readonly models: ModelPool;
  readonly now: () => number;
}

const HISTORY_DAYS = 365;
const AHEAD_HOURS = { '24h': 24, '7d': 7 * 24 } as const;
const KIND = 'solar';
const MIN_COVERAGE_SHARE = 0.5;
const TIMEOUT_MS = MINUTE_MS;
/** Minimum number of clear days for a reliable orientation. */
const MIN_CLEAR_DAYS = 5;
const NO_WEATHER =
  'no weather forecast is available: cloud cover is assumed to persist from the day before, by its usual day-to-day correlation';

const Numbers = z.array(z.number());
const Errors = { mae: z.number(), persistenceMae: z.number(), days: z.number() };
const StoredSolar = z.object({
  starts: Numbers,
  kw: Numbers,
  clearKw: Numbers,
  lowerKw: Numbers,
  upperKw: Numbers,
  plane: z.object({ tiltDeg: z.number(), azimuthDeg: z.number() }),
  clearDays: z.number(),
  method: z.enum(['model', 'persistence']),
  backtest: z.object({ ...Errors, recent: z.object(Errors), coverage: z.number() }),
});
type StoredSolar = z.infer<typeof StoredSolar>;

/** Forecasts the power of a site's panels from the sun's position, with cloud cover predicted from the day before. */
export class SolarForecastService {
  readonly #options: SolarForecastOptions;

  constructor(options: SolarForecastOptions) {
    this.#options = options;
  }

  /** Throws InvalidInput for a site without a location or with too few days, NotFound for one without panels. */
  async solar({ site: idOrName, horizon }: { site?: string | undefined; horizon: keyof typeof AHEAD_HOURS }) {
    const site = await this.#options.energy.site(idOrName);
    const { found, madeAt } = await this.#fitted(site);
    const { backtest } = found;
    const predictions = found.starts.slice(0, AHEAD_HOURS[horizon]).map((start, k) => ({
      timestamp: iso(start),
      predicted_power_kw: found.kw[k]!,
      clear_sky_power_kw: found.clearKw[k]!,
      confidence_interval_lower: found.lowerKw[k]!,
      confidence_interval_upper: found.upperKw[k]!,
    }));
    return {
      site_id: site.id,
      site_name: site.name,
      forecast_generated_at: iso(madeAt),
      horizon,
      predictions,
      energy_kwh: predictions.reduce((sum, { predicted_power_kw: kw }) => sum + kw, 0),
      method: found.method,
      plane: {
        tilt_deg: found.plane.tiltDeg,
        azimuth_deg: found.plane.azimuthDeg,
        clear_days: found.clearDays,
      },
      backtest: {
        mae_kw: backtest.mae,
        persistence_mae_kw: backtest.persistenceMae,
        skill: skillOf(backtest),
        recent_skill: skillOf(backtest.recent),
        coverage: backtest.coverage,
        days: backtest.days,
      },
      warnings: warningsOf(found),
    };
  }

  /** Mean power by slot, kW; NaN without a forecast, as for a site without panels. */
  async powerBySlot(site: SiteRecord, edges: Float64Array): Promise<Float64Array> {
    const power = new Float64Array(edges.length - 1).fill(Number.NaN);
    const { found } = await this.#fitted(site);
    for (let s = 0; s < power.length; s++) {
      const hour = lowerBound(Float64Array.from(found.starts), edges[s]! + 1) - 1;
      if (hour >= 0 && edges[s]! < found.starts[hour]! + HOUR_MS) power[s] = found.kw[hour]!;
    }
    return power;
  }

  async #fitted(site: SiteRecord): Promise<{ found: StoredSolar; madeAt: number }> {
    const { energy, forecasts, models, now } = this.#options;
    if (site.latitude === null || site.longitude === null) {
      const detail = `${site.name} has no location: set the latitude and longitude of the site`;
      throw new InvalidInput(detail, { fields: [{ field: 'site', detail }] });
    }
    const subject = { siteId: site.id, deviceId: null };
    const today = dayOf(now(), site.timezone);
    const start = dayWindow(addDays(today, -HISTORY_DAYS), site.timezone).start;
    const edges = bucketEdges({ start, end: now() + (AHEAD_HOURS['7d'] + 1) * HOUR_MS }, '1h', site.timezone);
    const known = lowerBound(edges, now() + 1) - 1;
    const record = await forecasts.get(subject, KIND);
    const stored = StoredSolar.safeParse(record?.content).data;
    if (record && stored && stored.starts[0] === edges[known]) return { found: stored, madeAt: record.madeAt };
    const { slots, reported } = await energy.energy(site, { start, end: edges[known]! });
    if (!reported.has('solar')) {
      throw new NotFound(`no device of ${site.name} reports solar power`, { code: 'no_data' });
    }
    const starts = edges.subarray(0, known + AHEAD_HOURS['7d']);
    const kw = hourly(edges.subarray(0, known + 1), slots.edges, slots.solar, slots.knownMs.solar);
    const fit = await models.run(
      'forecast.solar',
      {
        site: { latitudeDeg: site.latitude, longitudeDeg: site.longitude },
        hours: { starts, kw, day: localTimes(starts, site.timezone).dayIndex },
      },
      { timeoutMs: TIMEOUT_MS },
    );
    if (fit === null) {
      const detail = `the panels of ${site.name} produced energy on fewer than ${MIN_SOLAR_DAYS} of the last ${HISTORY_DAYS} days: collect data for some more days`;
      throw new InvalidInput(detail, { fields: [{ field: 'site', detail }] });
    }
    const found = toStored(fit, starts, known);
    return { found, madeAt: (await forecasts.put(subject, KIND, found)).madeAt };
  }
}

function toStored(fit: SolarFit, starts: Float64Array, known: number): StoredSolar {
  return {
    starts: [...starts.subarray(known)],
    kw: [...fit.predictedKw],
    clearKw: [...fit.clearKw.subarray(known)],
    lowerKw: [...fit.lowerKw],
    upperKw: [...fit.upperKw],
    plane: fit.plane,
    clearDays: fit.clearDays,
    method: fit.method,
    backtest: fit.backtest,
  };
}

/** Skill: 1 is perfect, 0 is as accurate as the day before. */
function skillOf({ mae, persistenceMae }: { mae: number; persistenceMae: number }): number {
  return persistenceMae > 0 ? 1 - mae / persistenceMae : 0;
}

function warningsOf({ method, clearDays, backtest }: StoredSolar): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { days, recent } = backtest;
  return [
    NO_WEATHER,
    ...(method === 'persistence'
      ? [
          `each hour is forecast as the newest known power at that hour of the day, because the model of the panels was not more accurate: skill ${percent(skillOf(backtest))} over ${days} days, ${percent(skillOf(recent))} over the last ${SOLAR_RECENT_DAYS} days`,
        ]
      : []),
    ...(clearDays < MIN_CLEAR_DAYS
      ? [
          `the sky was clear on only ${clearDays} of the known days: the orientation and tilt of the panels are uncertain`,
        ]
      : []),
  ];
}

/** Mean power of hours from the energy of shorter slots; NaN where less than half is known. */
function hourly(hours: Float64Array, edges: Float64Array, kwh: Float64Array, knownMs: Float64Array): Float64Array {
  return Float64Array.from({ length: hours.length - 1 }, (_, h) => {
    const [from, to] = [lowerBound(edges, hours[h]!), lowerBound(edges, hours[h + 1]!)];
    let [sum, known] = [0, 0];
    for (let s = from; s < to; s++) {
      if (kwh[s] !== kwh[s]) continue;
      sum += kwh[s]!;
      known += knownMs[s]!;
    }
    return known >= MIN_COVERAGE_SHARE * HOUR_MS ? (sum * HOUR_MS) / known : Number.NaN;
  });
}
