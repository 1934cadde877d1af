import { ListQuery } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import { DayOrInstant, Instant, TimePeriod } from './common.ts';

export const DriverName = z
  .string()
  .min(1)
  .max(200)
  .meta({
    description:
      'Short name (production_count, outdoor_temp_c, operating_hours, material_moisture_percent, pressure_bar) or a metric',
    examples: ['production_count'],
  });

export const ModelType = z.enum(['linear', 'change_point', 'time_of_week_temperature', 'day_of_week']).meta({
  description:
    'linear: of the drivers; change_point: slopes beyond the outdoor temperatures where heating and cooling begin; time_of_week_temperature: a level for each hour of the week, and the outdoor temperature piece by piece; day_of_week: a level for each day of the week and for public holidays, and the outdoor temperature piece by piece where it is measured',
});
export type ModelType = z.infer<typeof ModelType>;

export const Resolution = z.enum(['hour', 'day']);
export type Resolution = z.infer<typeof Resolution>;

export const ZeroReadings = z.enum(['missing', 'valid']).meta({
  description:
    'What an hour or day of 0 kWh is: missing, as of an electricity meter that failed (CalTRACK 2.2.1.4), or valid, as of gas and of machines that are switched off',
});
export type ZeroReadings = z.infer<typeof ZeroReadings>;

/** Of the models with change points: three, four or five parameters. */
export const ModelName = z.enum([
  'linear',
  '3p_heating',
  '3p_cooling',
  '4p',
  '5p',
  'time_of_week_temperature',
  'time_of_week_temperature_season',
  'time_of_week_temperature_smooth',
  'day_of_week',
  'day_of_week_season',
  'day_of_week_groups',
  'day_of_week_groups_season',
]);
export type ModelName = z.infer<typeof ModelName>;

export const BaselineTraining = z
  .object({
    machine_id: z.string().min(1).meta({ description: 'Id or name of a device that meters energy' }),
    start_date: DayOrInstant.optional().meta({
      description: 'A day of the site, or an instant; default: 90 days before the end, 365 for a model of days',
      examples: ['2026-01-01'],
    }),
    end_date: DayOrInstant.optional().meta({
      description: 'The last day, included, or an instant, not included; default: now',
      examples: ['2026-03-31'],
    }),
    drivers: z.array(DriverName).max(20).default([]).meta({
      description: 'At least one for a linear model; the others take outdoor_temp_c, and these in addition',
    }),
    categorical_drivers: z
      .array(DriverName)
      .max(10)
      .default([])
      .meta({
        description:
          'Drivers with categories, such as operating modes or shifts: calendar:NAME of a calendar of the site, or a metric whose values are whole numbers, at most 20 of them',
        examples: [['calendar:School year', 'production.status']],
      }),
    model_type: z
      .union([ModelType, z.literal('auto')])
      .default('linear')
      .meta({ description: 'auto: the one that best tells weeks that it has not seen' }),
    resolution: Resolution.default('hour').meta({ description: 'What one observation is' }),
    zero_readings: ZeroReadings.default('missing'),
    confirm_suspicious: z
      .boolean()
      .default(false)
      .meta({ description: 'Put the version in use also where a driver explains almost all of the energy' }),
  })
  .refine(
    ({ drivers, categorical_drivers: modes, model_type }) =>
      drivers.length + modes.length > 0 || model_type !== 'linear',
    {
      path: ['drivers'],
      error: 'a linear model needs at least one driver',
    },
  )
  .meta({ id: 'BaselineTraining' });
export type BaselineTraining = z.infer<typeof BaselineTraining>;
export type BaselineTrainingRequest = z.input<typeof BaselineTraining>;

export const ByDriver = z.record(z.string(), z.number());

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
  model_type: ModelType,
  model_name: ModelName,
  resolution: Resolution,
  zero_readings: ZeroReadings,
  training_samples: z.number().int().meta({ description: 'Hours or days with energy and every driver' }),
  r_squared: z.number(),
  adjusted_r_squared: z.number(),
  rmse: z.number().meta({ description: 'kWh an hour or day, for n − p − 1 degrees of freedom' }),
  mae: z.number(),
  cv_rmse: z.number(),
  cv_rmse_out_of_sample: z
    .number()
    .nullable()
    .meta({ description: 'On weeks that were left out of the fit; null for fewer than two weeks' }),
  nmbe: z.number(),
  f_value: z.number(),
  f_p_value: z.number(),
  autocorrelation: z.number().meta({ description: 'Of the residuals, each with the one before' }),
  effective_samples: z.number(),
  intercept: z.number().meta({ description: 'Of a model by time of week the mean over the hours of the week' }),
  coefficients: ByDriver.meta({
    description: 'By driver; heating and cooling: kWh a degree; pieces of the temperature',
  }),
  standard_errors: ByDriver,
  t_values: ByDriver,
  p_values: ByDriver,
  vif: ByDriver,
  balance_points: z
    .array(
      z.object({
        kind: z.enum(['heating', 'cooling']),
        temperature_c: z.number(),
        standard_error_c: z.number(),
        lower_c: z.number().meta({ description: '95 % confidence' }),
        upper_c: z.number(),
      }),
    )
    .meta({ description: 'Outdoor temperatures where heating and cooling begin' }),
  lag_hours: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'The energy follows the temperature of so many hours ago' }),
  time_of_week: z
    .object({
      levels_kwh: z.array(z.number().nullable()).meta({
        description: '168, from Monday 00:00 by the site’s clock, at the mean temperature; null: never seen',
      }),
      occupied: z.array(z.boolean()),
      p_value: z.number().meta({ description: 'That all hours of the week are alike (F-test)' }),
      temperature_p_value: z.number().nullable().meta({ description: 'That the temperature has no effect (F-test)' }),
    })
    .nullable(),
  day_of_week: z
    .object({
      levels_kwh: z.array(z.number().nullable()).meta({
        description: '7, from Monday by the site’s calendar, with every term at 0; null: never seen',
      }),
      holiday_level_kwh: z
        .number()
        .nullable()
        .meta({ description: 'Of public holidays of the site’s country; null: they have the level of their weekday' }),
      in_use: z.array(z.boolean()).meta({ description: '7, from Monday: working days; the others are days off' }),
      p_value: z.number().meta({ description: 'That all days of the week are alike (F-test)' }),
      temperature_p_value: z
        .number()
        .nullable()
        .meta({ description: 'That the temperature has no effect (F-test); null: a model without a temperature' }),
    })
    .nullable()
    .meta({ description: 'Of a model by day of week' }),
  categorical_drivers: z
    .array(
      z.object({
        name: z.string(),
        base: z
          .string()
          .meta({ description: 'The most frequent category: the coefficients of the others are differences from it' }),
        categories: z.array(z.string()).meta({ description: 'All that the training saw' }),
        p_value: z.number().nullable().meta({ description: 'That all categories are alike (F-test)' }),
      }),
    )
    .meta({ description: 'Drivers with categories; each category but the base has a coefficient “NAME = CATEGORY”' }),
  candidates: z
    .array(
      z.object({
        model_name: ModelName,
        adjusted_r_squared: z.number().nullable(),
        cv_rmse_out_of_sample: z.number().nullable(),
      }),
    )
    .meta({ description: 'Models that were held against each other; null: cannot be fitted' }),
  diagnostics: z
    .object({
      durbin_watson: z.number().meta({ description: 'Near 2 where residuals are independent of the ones before' }),
      heteroscedasticity_p: z.number().nullable().meta({ description: 'That residuals scatter alike (Breusch–Pagan)' }),
      influential: z
        .array(z.object({ at: Instant, cooks_distance: z.number() }))
        .meta({ description: 'The five hours or days that move the model most' }),
    })
    .nullable()
    .meta({ description: 'Of the residuals; null for a model of an older version' }),
  driver_ranges: z.record(z.string(), z.object({ min: z.number(), max: z.number(), mean: z.number() })),
  valid: z.boolean().meta({ description: 'By the plant default: R² > 0.80 and every p < 0.05' }),
  criteria: z.array(Criterion),
  suspicious_drivers: z.array(z.object({ name: DriverName, r_squared: z.number(), reason: z.string() })).meta({
    description: 'Drivers that may be made of the energy: the version is put in use only with confirm_suspicious',
  }),
  warnings: z.array(z.string()),
};
export const BaselineModel = z.object(model).meta({ id: 'BaselineModel' });
export type BaselineModel = z.infer<typeof BaselineModel>;

const Contributions = z.record(z.string(), z.array(z.number())).meta({
  description: 'What each part adds: with the intercept they make the prediction',
});

export const TrainedBaseline = BaselineModel.extend({
  series: z.object({
    timestamps: z.array(Instant),
    actual_kwh: z.array(z.number()),
    predicted_kwh: z.array(z.number()),
    residual_kwh: z.array(z.number()),
    contributions_kwh: Contributions,
  }),
}).meta({ id: 'TrainedBaseline' });
export type TrainedBaseline = z.infer<typeof TrainedBaseline>;

export const ActivationQuery = z.object({
  confirm_suspicious: z
    .stringbool()
    .default(false)
    .meta({ description: 'Confirms the suspicious_drivers of the version' }),
});

export const BaselineModelsQuery = ListQuery.extend({
  machine_id: z
    .string()
    .min(1)
    .meta({ description: 'Id or name of a machine', examples: ['press-1'] }),
});

export const AdjustmentRequest = z
  .object({
    machine_id: z.string().min(1),
    start: Instant,
    end: Instant,
    kwh: z
      .number()
      .min(-1e12)
      .max(1e12)
      .nullable()
      .default(null)
      .meta({ description: 'What it took in all, negative for what it spared; null: leave the window out' }),
    reason: z.string().trim().min(1).max(500),
  })
  .meta({
    id: 'BaselineAdjustmentRequest',
    description: 'Something out of the ordinary: a non-routine adjustment (IPMVP)',
  });
export type AdjustmentRequest = z.infer<typeof AdjustmentRequest>;

export const Adjustment = AdjustmentRequest.extend({
  id: z.uuid(),
  kwh: z.number().nullable(),
  created_by: z.string(),
  created_at: Instant,
}).meta({ id: 'BaselineAdjustment' });
export type Adjustment = z.infer<typeof Adjustment>;

export const DeviationQuery = z.object({
  machine_id: z.string().min(1),
  start: Instant.optional().meta({ description: 'Default: 24 hours before the end; 30 days for a model of days' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
  model_id: z.uuid().optional().meta({ description: 'Default: the version in use' }),
});
export type DeviationQuery = z.infer<typeof DeviationQuery>;

export const Severity = z.enum(['normal', 'warning', 'critical']);

export const SavingsVerdict = z.enum(['significant', 'not_significant', 'not_valid', 'no_data']).meta({
  description:
    'significant: fractional uncertainty below 0.5 at 90 %; not_valid: the model or the window supports no claim, whatever its size',
});
export type SavingsVerdict = z.infer<typeof SavingsVerdict>;

const Savings = z
  .object({
    kwh: z.number().nullable().meta({ description: 'Predicted − actual; negative: more was used than expected' }),
    uncertainty_kwh: z.number().nullable().meta({ description: 'At 90 % confidence' }),
    fractional_uncertainty: z.number().nullable(),
    verdict: SavingsVerdict,
    reasons: z.array(z.string()).meta({ description: 'Why; what decides comes first' }),
  })
  .meta({ id: 'BaselineSavings', description: 'Avoided energy use with its verdict' });

export const Deviation = z
  .object({
    machine_id: z.string(),
    machine_name: z.string(),
    time_period: TimePeriod,
    baseline_model_version: z.number().int(),
    resolution: Resolution,
    total_actual_kwh: z.number().nullable().meta({ description: 'Null: no hour of the window is known' }),
    total_predicted_kwh: z.number().nullable().meta({ description: 'For the same hours; null: none is known' }),
    deviation_kwh: z.number().nullable().meta({ description: 'Actual − predicted; negative: saved' }),
    deviation_percent: z.number().nullable(),
    deviation_severity: z
      .enum([...Severity.options, 'no_data'])
      .meta({ description: 'Beyond 2 σ a warning, beyond 3 σ critical; no_data: no hour of the window is known' }),
    reason: z.string().nullable().meta({ description: 'Why there is no deviation' }),
    uncertainty_kwh: z.number().nullable().meta({ description: 'At 90 % confidence (ASHRAE Guideline 14, annex B)' }),
    fractional_savings_uncertainty: z.number().nullable().meta({ description: 'Uncertainty ÷ |deviation|' }),
    savings: Savings,
    adjustment_kwh: z.number().meta({ description: 'Of non-routine adjustments; in the prediction already' }),
    adjustments: z.array(Adjustment).meta({ description: 'Those that touch this window' }),
    excluded_hours: z.number().int().meta({ description: 'Left out by adjustments' }),
    hours: z.number().int().meta({ description: 'Hours (days for a model of days) with energy and every driver' }),
    missing_hours: z.number().int(),
    coverage: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'Hours ÷ (hours + missing hours) of the part of the window that has passed' }),
    zero_hours: z.number().int().meta({ description: 'Hours of 0 kWh among the missing ones' }),
    extrapolated_hours: z.number().int().meta({ description: 'Hours with a driver outside what the model has seen' }),
    intercept: z.number(),
    contributions_kwh: Contributions,
    hourly_deviations: z.array(
      z.object({
        hour: Instant.meta({ description: 'Start of the hour, or of the day' }),
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
  .looseObject({
    machine_id: z.string().min(1),
    at: Instant.optional().meta({ description: 'When, for a model by time of week; default: now' }),
  })
  .meta({ description: 'Besides the machine a value for each driver of its model, such as production_count=120' });

export const Prediction = z
  .object({
    machine_id: z.string(),
    machine_name: z.string(),
    baseline_model_version: z.number().int(),
    conditions: ByDriver,
    predicted_kwh: z.number().meta({ description: 'For an hour (or a day) under these conditions' }),
    confidence_interval_lower: z.number().meta({ description: '95 % prediction interval' }),
    confidence_interval_upper: z.number(),
    extrapolated: z.array(z.string()).meta({ description: 'Drivers outside what the model has seen' }),
  })
  .meta({ id: 'BaselinePrediction' });
