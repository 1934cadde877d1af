import { z } from 'zod';
import { Instant, TimePeriod } from './common.ts';

export const DriverName = z
  .string()
  .min(1)
  .max(200)
  .meta({
    description:
      'Short name (production_count, outdoor_temp_c, operating_hours, material_moisture_percent, pressure_bar) or a metric',
    examples: ['production_count'],
  });

export const BaselineTraining = z
  .object({
    machine_id: z.string().min(1).meta({ description: 'Id or name of a device that meters energy' }),
    start_date: Instant.optional().meta({ description: 'Default: 90 days before the end' }),
    end_date: Instant.optional().meta({ description: 'Default: now' }),
    drivers: z.array(DriverName).min(1).max(20),
  })
  .meta({ id: 'BaselineTraining' });
export type BaselineTraining = z.infer<typeof BaselineTraining>;

const ByDriver = z.record(z.string(), z.number());

export const Criterion = z
  .object({
    rule: z.string(),
    source: z.string().meta({ description: 'Standard or practice that sets the threshold' }),
    value: z.number().nullable(),
    threshold: z.string(),
    passed: z.boolean().nullable().meta({ description: 'Null: cannot be judged' }),
  })
  .meta({ id: 'BaselineCriterion' });
export type Criterion = z.infer<typeof Criterion>;

const model = {
  model_id: z.uuid(),
  machine_id: z.string(),
  machine_name: z.string(),
  model_version: z.number().int(),
  is_active: z.boolean(),
  trained_at: Instant,
  time_period: TimePeriod,
  training_samples: z.number().int().meta({ description: 'Hours with energy and every driver' }),
  r_squared: z.number(),
  adjusted_r_squared: z.number(),
  rmse: z.number().meta({ description: 'kWh an hour, for n − p − 1 degrees of freedom' }),
  mae: z.number(),
  cv_rmse: z.number(),
  nmbe: z.number(),
  f_value: z.number(),
  f_p_value: z.number(),
  autocorrelation: z.number().meta({ description: 'Of the residuals, lag of an hour' }),
  effective_samples: z.number(),
  intercept: z.number(),
  coefficients: ByDriver,
  standard_errors: ByDriver,
  t_values: ByDriver,
  p_values: ByDriver,
  vif: ByDriver,
  driver_ranges: z.record(z.string(), z.object({ min: z.number(), max: z.number(), mean: z.number() })),
  valid: z.boolean().meta({ description: 'By the plant default: R² > 0.80 and every p < 0.05' }),
  criteria: z.array(Criterion),
  warnings: z.array(z.string()),
};
export const BaselineModel = z.object(model).meta({ id: 'BaselineModel' });
export type BaselineModel = z.infer<typeof BaselineModel>;

export const TrainedBaseline = BaselineModel.extend({
  series: z.object({
    timestamps: z.array(Instant),
    actual_kwh: z.array(z.number()),
    predicted_kwh: z.array(z.number()),
    residual_kwh: z.array(z.number()),
  }),
}).meta({ id: 'TrainedBaseline' });

export const BaselineModelsQuery = z.object({ machine_id: z.string().min(1) });

export const DeviationQuery = z.object({
  machine_id: z.string().min(1),
  start: Instant.optional().meta({ description: 'Default: 24 hours before the end' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
});
export type DeviationQuery = z.infer<typeof DeviationQuery>;

export const Severity = z.enum(['normal', 'warning', 'critical']);

export const Deviation = z
  .object({
    machine_id: z.string(),
    machine_name: z.string(),
    time_period: TimePeriod,
    baseline_model_version: z.number().int(),
    total_actual_kwh: z.number(),
    total_predicted_kwh: z.number(),
    deviation_kwh: z.number().meta({ description: 'Actual − predicted; negative: saved' }),
    deviation_percent: z.number().nullable(),
    deviation_severity: Severity.meta({ description: 'Beyond 2 σ a warning, beyond 3 σ critical' }),
    uncertainty_kwh: z.number().meta({ description: 'At 90 % confidence (ASHRAE Guideline 14, annex B)' }),
    fractional_savings_uncertainty: z.number().nullable().meta({ description: 'Uncertainty ÷ |deviation|' }),
    hours: z.number().int().meta({ description: 'Hours with energy and every driver' }),
    missing_hours: z.number().int(),
    extrapolated_hours: z.number().int().meta({ description: 'Hours with a driver outside what the model has seen' }),
    hourly_deviations: z.array(
      z.object({
        hour: Instant,
        actual_kwh: z.number(),
        predicted_kwh: z.number(),
        deviation_kwh: z.number(),
        severity: Severity,
      }),
    ),
    cusum: z.array(z.number()).meta({ description: 'Cumulative sum of the deviations, kWh' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'BaselineDeviation' });
export type BaselineDeviation = z.infer<typeof Deviation>;

export const PredictionQuery = z
  .looseObject({ machine_id: z.string().min(1) })
  .meta({ description: 'Besides the machine a value for each driver of its model, such as production_count=120' });

export const Prediction = z
  .object({
    machine_id: z.string(),
    machine_name: z.string(),
    baseline_model_version: z.number().int(),
    conditions: ByDriver,
    predicted_kwh: z.number().meta({ description: 'For an hour under these conditions' }),
    confidence_interval_lower: z.number().meta({ description: '95 % prediction interval' }),
    confidence_interval_upper: z.number(),
    extrapolated: z.array(z.string()).meta({ description: 'Drivers outside what the model has seen' }),
  })
  .meta({ id: 'BaselinePrediction' });

export const Drivers = z
  .object({
    machine_id: z.string(),
    drivers: z.array(
      z.object({
        name: DriverName,
        metric: z.string(),
        device_id: z.string().meta({ description: 'Who reports it' }),
        device_name: z.string(),
        unit: z.string(),
      }),
    ),
  })
  .meta({ id: 'BaselineDrivers' });
export type BaselineDrivers = z.infer<typeof Drivers>;
