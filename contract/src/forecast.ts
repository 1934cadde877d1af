import { z } from 'zod';
import { Instant } from './common.ts';

export const ForecastHorizon = z.enum(['1h', '24h', '7d']).meta({
  description: '1h: the next 4 quarters of an hour; 24h: the next 24 hours; 7d: today and the next 6 days',
});
export type ForecastHorizon = z.infer<typeof ForecastHorizon>;

const subject = {
  machine_id: z.string().min(1).optional().meta({ description: 'Id or name of a machine' }),
  device_id: z.string().min(1).optional().meta({ description: 'Id or name of a device that meters energy or a load' }),
  site: z.string().min(1).optional().meta({ description: 'Id or name of a site; default: the default site' }),
};

export const DemandQuery = z.object({ ...subject, horizon: ForecastHorizon.default('24h') });
export type DemandQuery = z.infer<typeof DemandQuery>;

const about = {
  machine_id: z.string().nullable().meta({ description: 'Null: the whole site' }),
  machine_name: z.string().meta({ description: 'Name of the device, or of the site' }),
  site_id: z.string(),
  forecast_generated_at: Instant,
  horizon: ForecastHorizon,
};

const ForecastModel = z
  .object({ name: z.string(), title: z.string(), chosen_at: Instant })
  .meta({ description: 'The model that did best in back-tests' });

const backtest = {
  mae_kw: z.number().meta({ description: 'Mean absolute error' }),
  mape: z.number().nullable().meta({ description: 'Mean absolute error in percent, where the load was not near zero' }),
  mase: z
    .number()
    .nullable()
    .meta({ description: 'Mean absolute error ÷ that of the naive forecast within the history' }),
  coverage: z.number().meta({ description: 'Share within the 95 % band, 0–1' }),
  coverage_80: z.number().meta({ description: 'Share within the 80 % band, 0–1' }),
  skill: z.number().meta({ description: '1 − error ÷ error of the better seasonal naive forecast; above 0 is better' }),
  naive_mae_kw: z.number(),
  backtests: z.number().int().meta({ description: 'How many forecasts were held against what came' }),
};

export const DemandForecast = z
  .object({
    ...about,
    predictions: z.array(
      z.object({
        timestamp: Instant.meta({ description: 'Start of the slot' }),
        predicted_power_kw: z.number().nullable().meta({
          description: 'Mean power of the slot; null: nothing was ever reported at this time of the day or week',
        }),
        confidence_interval_lower: z.number().nullable().meta({ description: 'Of 95 %' }),
        confidence_interval_upper: z.number().nullable(),
        lower_80: z.number().nullable(),
        upper_80: z.number().nullable(),
      }),
    ),
    measured: z
      .array(z.object({ timestamp: Instant, power_kw: z.number().nullable() }))
      .meta({ description: 'The slots before, as they came; null: not known' }),
    peak_demand_predicted: z
      .object({ timestamp: Instant, power_kw: z.number() })
      .nullable()
      .meta({ description: 'Null: no slot has a forecast' }),
    model: ForecastModel,
    backtest: z.object(backtest),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'DemandForecast' });
export type DemandForecast = z.infer<typeof DemandForecast>;

export const PeakForecast = z
  .object({
    ...about,
    timestamp: Instant.meta({ description: 'Start of the slot with the greatest mean power' }),
    power_kw: z.number(),
    lower_kw: z.number().meta({ description: '95 % band of that slot' }),
    upper_kw: z.number(),
    confidence: z
      .number()
      .meta({ description: 'Share of back-tests whose peak came within a slot of where it was foretold, 0–1' }),
    mean_error_kw: z.number().meta({ description: 'Mean absolute error of the peak’s power in back-tests' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'PeakForecast' });
export type PeakForecast = z.infer<typeof PeakForecast>;

export const ForecastAccuracy = z
  .object({
    ...about,
    model: ForecastModel,
    ...backtest,
    bias_kw: z.number().meta({ description: 'Above zero it foretells too much' }),
    naive_model: z.string(),
    thorough: z
      .boolean()
      .meta({ description: 'False until the nightly back-test has held every model against the series' }),
    models: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        mae_kw: z.number().nullable().meta({ description: 'Over the back-tests that all took part in' }),
        reason: z.string().nullable().meta({ description: 'Why it takes no part' }),
      }),
    ),
  })
  .meta({ id: 'ForecastAccuracy' });
export type ForecastAccuracy = z.infer<typeof ForecastAccuracy>;

export const SolarQuery = z.object({
  site: subject.site,
  horizon: z.enum(['24h', '7d']).default('24h'),
});

export const SolarForecast = z
  .object({
    site_id: z.string(),
    site_name: z.string(),
    forecast_generated_at: Instant,
    horizon: z.enum(['24h', '7d']),
    predictions: z.array(
      z.object({
        timestamp: Instant,
        predicted_power_kw: z.number(),
        clear_sky_power_kw: z.number().meta({ description: 'What these panels make under a clear sky' }),
        confidence_interval_lower: z.number().meta({ description: 'Of 95 %' }),
        confidence_interval_upper: z.number(),
      }),
    ),
    energy_kwh: z.number(),
    method: z.enum(['model', 'persistence']).meta({
      description:
        'persistence: the model was no better in the back-test, so each hour is forecast as the newest known power at the same hour of the day',
    }),
    plane: z
      .object({
        tilt_deg: z.number(),
        azimuth_deg: z.number().meta({ description: 'Direction the panels face, clockwise from north' }),
        clear_days: z.number().int().meta({ description: 'Days with a clear sky from which the plane was learnt' }),
      })
      .meta({
        description: 'Learnt from what the panels made on clear days: of several planes one that stands for all',
      }),
    backtest: z.object({
      mae_kw: z.number().meta({ description: 'Of the model: by day, a day ahead, learnt from earlier days only' }),
      persistence_mae_kw: z.number().meta({ description: 'Of the power at the same hour of the day before' }),
      skill: z.number().meta({ description: '1 − mae_kw ÷ persistence_mae_kw' }),
      recent_skill: z.number().meta({ description: 'The same for the last 60 days alone' }),
      coverage: z.number().meta({ description: 'Share of hours within the band that is served' }),
      days: z.number().int(),
    }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'SolarForecast' });
export type SolarForecast = z.infer<typeof SolarForecast>;

export const MovableLoad = z
  .object({
    name: z.string().trim().min(1).max(100).default('load'),
    energy_kwh: z.coerce.number().positive().max(1e6),
    duration_minutes: z.coerce.number().int().min(15).max(1440).meta({ description: 'Without a break' }),
    earliest: Instant.optional().meta({ description: 'Default: now' }),
    latest: Instant.optional().meta({ description: 'When it must be done; default: 24 hours from now' }),
  })
  .meta({ id: 'MovableLoad' });
export type MovableLoad = z.infer<typeof MovableLoad>;

export const OptimalScheduleQuery = MovableLoad.extend({ site: subject.site });
export const OptimalScheduleRequest = z.object({
  site: subject.site,
  loads: z.array(MovableLoad).min(1).max(20).meta({ description: 'Placed one after the other, greatest energy first' }),
});
export type OptimalScheduleRequest = z.infer<typeof OptimalScheduleRequest>;

export const OptimalSchedule = z
  .object({
    site_id: z.string(),
    currency: z.string(),
    generated_at: Instant,
    chosen_by: z.enum(['price', 'demand']).meta({ description: 'demand: no price is known, so it keeps peaks low' }),
    loads: z.array(
      z.object({
        name: z.string(),
        start: Instant,
        end: Instant,
        power_kw: z.number(),
        cost: z.number().nullable(),
        cost_now: z.number().nullable().meta({ description: 'If it began at the earliest time' }),
        savings: z.number().nullable(),
        solar_share: z.number().meta({ description: 'Share of the energy that surplus from the roof covers, 0–1' }),
        explanation: z.string(),
      }),
    ),
    total_savings: z.number().nullable(),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'OptimalSchedule' });
export type OptimalSchedule = z.infer<typeof OptimalSchedule>;
