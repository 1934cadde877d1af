import { z } from 'zod';
import { Instant } from '../common.ts';
import {
  CurrencyCode,
  DeviceReference,
  GeneratedAt,
  MachineReference,
  SiteName,
  SiteReference,
  Warnings,
} from '../fields.ts';

export const ForecastHorizon = z.enum(['1h', '24h', '7d']).meta({
  description: '1h: the next 4 quarters of an hour; 24h: the next 24 hours; 7d: today and the next 6 days',
});
export type ForecastHorizon = z.infer<typeof ForecastHorizon>;

const subject = {
  machine_id: MachineReference.min(1)
    .optional()
    .meta({ description: 'Id or name of a machine; default: the whole site' }),
  device_id: DeviceReference.min(1).optional().meta({
    description: 'Id or name of a device that meters energy or a load; default: the whole site',
  }),
  site: SiteReference.min(1).optional().meta({ description: 'Id or name of a site; default: the default site' }),
};

export const DemandQuery = z.object({ ...subject, horizon: ForecastHorizon.default('24h') });
export type DemandQuery = z.infer<typeof DemandQuery>;

const SiteIdText = z.string().meta({ description: 'Id of the site' });

const about = {
  machine_id: z.string().nullable().meta({ description: 'Id of the device; null: the whole site' }),
  machine_name: z.string().meta({ description: 'Name of the device, or of the site' }),
  site_id: SiteIdText,
  forecast_generated_at: GeneratedAt,
  horizon: ForecastHorizon,
};

const ForecastModel = z
  .object({
    name: z.string().meta({ description: 'Identifier of the model', examples: ['naive_week'] }),
    title: z.string().meta({ description: 'Display name of the model' }),
    chosen_at: Instant.meta({ description: 'Time of selection by back-tests' }),
  })
  .meta({ description: 'Model with the smallest error in back-tests' });

const backtest = {
  mae_kw: z.number().meta({ description: 'Mean absolute error, kW', examples: [0.42] }),
  mape: z.number().nullable().meta({
    description: 'Mean absolute percentage error, over times with a load not near zero, %; null: there are none',
  }),
  mase: z.number().nullable().meta({
    description:
      'Mean absolute scaled error: error ÷ error of the naive forecast within the history; null: that error is 0',
  }),
  coverage: z.number().meta({ description: 'Share within the 95 % band, 0–1' }),
  coverage_80: z.number().meta({ description: 'Share within the 80 % band, 0–1' }),
  skill: z.number().meta({ description: '1 − error ÷ error of the better seasonal naive forecast; above 0 is better' }),
  naive_mae_kw: z.number().meta({ description: 'Mean absolute error of that naive forecast, kW' }),
  backtests: z.number().int().meta({ description: 'Number of forecasts compared with measured values' }),
};

const SlotStart = Instant.meta({ description: 'Start of the slot' });
const bound = (side: 'Lower' | 'Upper', percent: number) =>
  z
    .number()
    .nullable()
    .meta({ description: `${side} bound of the ${percent} % band, kW; null: no forecast` });

export const DemandForecast = z
  .object({
    ...about,
    predictions: z
      .array(
        z.object({
          timestamp: SlotStart,
          predicted_power_kw: z
            .number()
            .nullable()
            .meta({
              description: 'Mean power of the slot, kW; null: no data at this time of the day or week',
              examples: [2.7],
            }),
          confidence_interval_lower: bound('Lower', 95),
          confidence_interval_upper: bound('Upper', 95),
          lower_80: bound('Lower', 80),
          upper_80: bound('Upper', 80),
        }),
      )
      .meta({ description: 'Slots of the horizon, in order' }),
    measured: z
      .array(
        z.object({
          timestamp: SlotStart,
          power_kw: z
            .number()
            .nullable()
            .meta({ description: 'Mean power, kW; null: not known', examples: [2.4] }),
        }),
      )
      .meta({ description: 'Measured slots before the horizon' }),
    peak_demand_predicted: z
      .object({
        timestamp: SlotStart,
        power_kw: z.number().meta({ description: 'Mean power of the slot, kW', examples: [5.8] }),
      })
      .nullable()
      .meta({ description: 'Slot with the highest power; null: no slot has a forecast' }),
    model: ForecastModel,
    backtest: z.object(backtest).meta({ description: 'Accuracy of the model in back-tests' }),
    warnings: Warnings,
  })
  .meta({ id: 'DemandForecast', description: 'Power of the coming hours or days, with confidence bands' });
export type DemandForecast = z.infer<typeof DemandForecast>;

export const PeakForecast = z
  .object({
    ...about,
    timestamp: Instant.meta({ description: 'Start of the slot with the highest mean power' }),
    power_kw: z.number().meta({ description: 'Mean power of that slot, kW', examples: [5.8] }),
    lower_kw: z.number().meta({ description: 'Lower bound of the 95 % band of that slot, kW' }),
    upper_kw: z.number().meta({ description: 'Upper bound of the 95 % band of that slot, kW' }),
    confidence: z
      .number()
      .meta({ description: 'Share of back-tests whose actual peak was at most one slot from the forecast peak, 0–1' }),
    mean_error_kw: z.number().meta({ description: 'Mean absolute error of the peak’s power in back-tests, kW' }),
    warnings: Warnings,
  })
  .meta({ id: 'PeakForecast', description: 'Slot with the highest forecast power' });
export type PeakForecast = z.infer<typeof PeakForecast>;

export const ForecastAccuracy = z
  .object({
    ...about,
    model: ForecastModel,
    ...backtest,
    bias_kw: z.number().meta({ description: 'Mean error, kW; positive: forecasts are too high' }),
    naive_model: z.string().meta({ description: 'Display name of the naive forecast that `skill` refers to' }),
    thorough: z.boolean().meta({ description: 'false until the nightly back-test has compared all models' }),
    models: z
      .array(
        z.object({
          name: z.string().meta({ description: 'Identifier of the model', examples: ['naive_week'] }),
          title: z.string().meta({ description: 'Display name of the model' }),
          mae_kw: z
            .number()
            .nullable()
            .meta({ description: 'Mean absolute error over the same back-tests for all models, kW; null: not tested' }),
          reason: z.string().nullable().meta({ description: 'Why it was not tested; null: it was tested' }),
        }),
      )
      .meta({ description: 'All models, with their errors' }),
  })
  .meta({ id: 'ForecastAccuracy', description: 'Accuracy of demand forecasts in back-tests' });
export type ForecastAccuracy = z.infer<typeof ForecastAccuracy>;

const SolarHorizon = z
  .enum(['24h', '7d'])
  .meta({ description: '24h: the next 24 hours; 7d: today and the next 6 days' });

export const SolarQuery = z.object({
  site: subject.site,
  horizon: SolarHorizon.default('24h'),
});

export const SolarForecast = z
  .object({
    site_id: SiteIdText,
    site_name: SiteName,
    forecast_generated_at: GeneratedAt,
    horizon: SolarHorizon,
    predictions: z
      .array(
        z.object({
          timestamp: Instant.meta({ description: 'Start of the hour' }),
          predicted_power_kw: z.number().meta({ description: 'Mean power of the hour, kW', examples: [3.1] }),
          clear_sky_power_kw: z
            .number()
            .meta({ description: 'Mean power of these panels under a clear sky, kW', examples: [5.4] }),
          confidence_interval_lower: z.number().meta({ description: 'Lower bound of the 95 % band, kW' }),
          confidence_interval_upper: z.number().meta({ description: 'Upper bound of the 95 % band, kW' }),
        }),
      )
      .meta({ description: 'Hours of the horizon, in order' }),
    energy_kwh: z.number().meta({ description: 'Energy of all these hours, kWh', examples: [21.4] }),
    method: z.enum(['model', 'persistence']).meta({
      description:
        'model: clear-sky power and typical clouds; persistence: the latest known power at the same hour of the day, since the model was not better in the back-test',
    }),
    plane: z
      .object({
        tilt_deg: z.number().meta({ description: 'Tilt of the panels, degrees; 0: horizontal', examples: [30] }),
        azimuth_deg: z
          .number()
          .meta({ description: 'Direction that the panels face, degrees clockwise from north', examples: [180] }),
        clear_days: z.number().int().meta({ description: 'Days with a clear sky from which the plane was estimated' }),
      })
      .meta({
        description: 'Orientation of the panels, estimated from clear days; one plane equivalent to all of them',
      }),
    backtest: z
      .object({
        mae_kw: z.number().meta({
          description: 'Mean absolute error of the model by day, one day ahead, trained on earlier days only, kW',
        }),
        persistence_mae_kw: z
          .number()
          .meta({ description: 'Mean absolute error of the power at the same hour of the day before, kW' }),
        skill: z.number().meta({ description: '1 − mae_kw ÷ persistence_mae_kw; above 0 is better than persistence' }),
        recent_skill: z.number().meta({ description: 'Skill over the last 60 days alone' }),
        coverage: z.number().meta({ description: 'Share of hours within the 95 % band, 0–1' }),
        days: z
          .number()
          .int()
          .meta({ description: 'Number of compared days', examples: [120] }),
      })
      .meta({ description: 'Accuracy in back-tests' }),
    warnings: Warnings,
  })
  .meta({ id: 'SolarForecast', description: 'Solar power of the coming hours, with a confidence band' });
export type SolarForecast = z.infer<typeof SolarForecast>;

export const MovableLoad = z
  .object({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .default('load')
      .meta({ description: 'Name of the load in the answer', examples: ['dishwasher'] }),
    energy_kwh: z.coerce
      .number()
      .positive()
      .max(1e6)
      .meta({ description: 'Energy per run, kWh', examples: [1.2] }),
    duration_minutes: z.coerce
      .number()
      .int()
      .min(15)
      .max(1440)
      .meta({ description: 'Duration without interruption, minutes', examples: [120] }),
    earliest: Instant.optional().meta({ description: 'Earliest start; default: now' }),
    latest: Instant.optional().meta({ description: 'Latest end; default: 24 hours from now' }),
  })
  .meta({ id: 'MovableLoad', description: 'A load whose start can be chosen' });
export type MovableLoad = z.infer<typeof MovableLoad>;

export const OptimalScheduleQuery = MovableLoad.extend({ site: subject.site });
export const OptimalScheduleRequest = z.object({
  site: subject.site,
  loads: z
    .array(MovableLoad)
    .min(1)
    .max(20)
    .meta({ description: 'Scheduled one after the other, highest energy first' }),
});
export type OptimalScheduleRequest = z.infer<typeof OptimalScheduleRequest>;

export const OptimalSchedule = z
  .object({
    site_id: SiteIdText,
    currency: CurrencyCode,
    generated_at: GeneratedAt,
    chosen_by: z
      .enum(['price', 'demand'])
      .meta({ description: 'price: lowest cost; demand: lowest demand of the site, since no price is known' }),
    loads: z
      .array(
        z.object({
          name: z.string().meta({ description: 'Name of the load', examples: ['dishwasher'] }),
          start: Instant.meta({ description: 'Recommended start' }),
          end: Instant.meta({ description: 'End of the run' }),
          power_kw: z.number().meta({ description: 'Power while it runs, kW', examples: [0.6] }),
          cost: z
            .number()
            .nullable()
            .meta({ description: 'Cost at this start, in `currency`; null: no price is known', examples: [0.14] }),
          cost_now: z
            .number()
            .nullable()
            .meta({
              description: 'Cost at the earliest start, in `currency`; null: no price is known',
              examples: [0.37],
            }),
          savings: z
            .number()
            .nullable()
            .meta({ description: 'cost_now − cost, in `currency`; null: no price is known', examples: [0.23] }),
          solar_share: z.number().meta({ description: 'Share of the energy that surplus solar power covers, 0–1' }),
          explanation: z.string().meta({ description: 'Explanation of the chosen start, as text' }),
        }),
      )
      .meta({ description: 'Loads with their times, in the order of the request' }),
    total_savings: z
      .number()
      .nullable()
      .meta({ description: 'Savings of all loads, in `currency`; null: no price is known', examples: [0.23] }),
    warnings: Warnings,
  })
  .meta({ id: 'OptimalSchedule', description: 'Recommended times of loads' });
export type OptimalSchedule = z.infer<typeof OptimalSchedule>;
