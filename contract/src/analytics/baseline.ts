import { z } from 'zod';
import { DayOrInstant, Instant, ListQuery, TimePeriod } from '../common.ts';
import { EntryId, MachineReference, machineFields, Warnings } from '../fields.ts';

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
    'linear: of the drivers; change_point: slopes beyond the outdoor temperatures where heating and cooling begin; time_of_week_temperature: a level for each hour of the week, and a piecewise linear effect of the outdoor temperature; day_of_week: a level for each day of the week and for public holidays, and a piecewise linear effect of the outdoor temperature if it is measured',
});
export type ModelType = z.infer<typeof ModelType>;

export const Resolution = z
  .enum(['hour', 'day'])
  .meta({ description: 'Length of an observation; days are those of the site’s time zone' });
export type Resolution = z.infer<typeof Resolution>;

export const ZeroReadings = z.enum(['missing', 'valid']).meta({
  description:
    'Meaning of an hour or day of 0 kWh: missing, as from a failed electricity meter (CalTRACK 2.2.1.4), or valid, as for gas meters and machines that are switched off',
});
export type ZeroReadings = z.infer<typeof ZeroReadings>;

/** Shapes of models with change points: three, four or five parameters. */
export const ModelName = z
  .enum([
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
  ])
  .meta({
    description:
      'Form of the model: 3p, 4p and 5p have change points; _season adds the time of year, _smooth the time of year by the hour, _groups models days off separately',
  });
export type ModelName = z.infer<typeof ModelName>;

export const BaselineTraining = z
  .object({
    machine_id: MachineReference.min(1).meta({ description: 'Id or name of a device that meters energy' }),
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
          'Drivers with categories, such as operating modes or shifts: calendar:NAME of a calendar of the site, or a metric with integer values, at most 20 different ones',
        examples: [['calendar:School year', 'production.status']],
      }),
    model_type: z
      .union([ModelType, z.literal('auto')])
      .default('linear')
      .meta({
        description:
          'Form of the model; auto: the one with the smallest error on weeks excluded from the fit (cross-validation)',
      }),
    resolution: Resolution.default('hour').meta({ description: 'Length of an observation' }),
    zero_readings: ZeroReadings.default('missing'),
    confirm_suspicious: z
      .boolean()
      .default(false)
      .meta({ description: 'Activate the version even if a driver explains almost all of the energy' }),
  })
  .refine(
    ({ drivers, categorical_drivers: modes, model_type }) =>
      drivers.length + modes.length > 0 || model_type !== 'linear',
    {
      path: ['drivers'],
      error: 'a linear model needs at least one driver',
    },
  )
  .meta({ id: 'BaselineTraining', description: 'How the next version of a baseline is trained' });
export type BaselineTraining = z.infer<typeof BaselineTraining>;
export type BaselineTrainingRequest = z.input<typeof BaselineTraining>;

export const ByDriver = z.record(z.string(), z.number());

export const Criterion = z
  .object({
    rule: z.string().meta({ description: 'Statistic of the criterion', examples: ['CV(RMSE), hourly'] }),
    source: z.string().meta({ description: 'Standard or practice that sets the threshold' }),
    value: z
      .number()
      .nullable()
      .meta({
        description: 'Value of the statistic; ratios as 0–1, not in percent; null: unknown',
        examples: [0.18],
      }),
    threshold: z.string().meta({ description: 'Limit of the value, for people', examples: ['< 30 %'] }),
    passed: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether the value is within the limit; null: cannot be evaluated' }),
  })
  .meta({ id: 'BaselineCriterion', description: 'A rule that a valid model satisfies' });
export type Criterion = z.infer<typeof Criterion>;

const model = {
  model_id: EntryId.meta({ description: 'Id of the version' }),
  ...machineFields,
  model_version: z
    .number()
    .int()
    .meta({ description: 'Number of the version, from 1', examples: [3] }),
  is_active: z.boolean().meta({ description: 'Whether deviations and anomalies are computed with it' }),
  trained_at: Instant.meta({ description: 'Time of training' }),
  time_period: TimePeriod.meta({ description: 'Window of the training data' }),
  model_type: ModelType,
  model_name: ModelName,
  resolution: Resolution,
  zero_readings: ZeroReadings,
  training_samples: z
    .number()
    .int()
    .meta({ description: 'Hours or days of the training with energy and every driver' }),
  r_squared: z.number().meta({ description: 'Coefficient of determination R², at most 1', examples: [0.93] }),
  adjusted_r_squared: z.number().meta({ description: 'R², adjusted for the number of terms', examples: [0.92] }),
  rmse: z.number().meta({ description: 'Root mean square error for n − p − 1 degrees of freedom, kWh an hour or day' }),
  mae: z.number().meta({ description: 'Mean absolute error, kWh an hour or day', examples: [1.4] }),
  cv_rmse: z.number().meta({ description: 'rmse ÷ mean energy; 0.2 is 20 %', examples: [0.18] }),
  cv_rmse_out_of_sample: z
    .number()
    .nullable()
    .meta({ description: 'cv_rmse on weeks excluded from the fit (cross-validation); null for fewer than two weeks' }),
  nmbe: z.number().meta({ description: 'Normalised mean bias error; 0.005 is 0.5 %', examples: [0.001] }),
  f_value: z.number().meta({ description: 'F statistic of the whole model' }),
  f_p_value: z.number().meta({ description: 'p-value of the hypothesis that no term has an effect (F-test)' }),
  autocorrelation: z.number().meta({ description: 'Correlation of consecutive residuals, −1 to 1' }),
  effective_samples: z.number().meta({ description: 'Number of independent samples, given the autocorrelation' }),
  intercept: z.number().meta({
    description: 'Constant term, kWh an hour or day; for a model by time of week the mean over the hours of the week',
  }),
  coefficients: ByDriver.meta({
    description:
      'Coefficients by term, kWh per unit of the driver; of heating, cooling and pieces of the temperature response, kWh per °C',
  }),
  standard_errors: ByDriver.meta({ description: 'Standard errors of the coefficients, in their units' }),
  t_values: ByDriver.meta({ description: 'Coefficient ÷ standard error, by term' }),
  p_values: ByDriver.meta({ description: 'p-values of the hypothesis that a term has no effect (t-test)' }),
  vif: ByDriver.meta({ description: 'Variance inflation factors by term; large where terms are collinear' }),
  balance_points: z
    .array(
      z.object({
        kind: z.enum(['heating', 'cooling']).meta({ description: 'Which of the two starts at this temperature' }),
        temperature_c: z.number().meta({ description: 'Outdoor temperature, °C', examples: [14.5] }),
        standard_error_c: z.number().meta({ description: 'Standard error of the temperature, °C' }),
        lower_c: z.number().meta({ description: 'Lower bound at 95 % confidence, °C' }),
        upper_c: z.number().meta({ description: 'Upper bound at 95 % confidence, °C' }),
      }),
    )
    .meta({ description: 'Outdoor temperatures where heating and cooling begin' }),
  lag_hours: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'Delay between outdoor temperature and energy, hours; null: the model has no delay' }),
  time_of_week: z
    .object({
      levels_kwh: z.array(z.number().nullable()).meta({
        description:
          'Energy of the 168 hours of the week, from Monday 00:00 by the site’s clock, at the mean temperature, kWh; null: not in the training',
      }),
      occupied: z.array(z.boolean()).meta({ description: 'Whether each of the 168 hours is an occupied hour' }),
      p_value: z
        .number()
        .meta({ description: 'p-value of the hypothesis that all hours of the week have the same level (F-test)' }),
      temperature_p_value: z.number().nullable().meta({
        description: 'p-value of the hypothesis that the temperature has no effect (F-test); null: not tested',
      }),
    })
    .nullable()
    .meta({ description: 'Levels of a model by time of week; null: another model' }),
  day_of_week: z
    .object({
      levels_kwh: z.array(z.number().nullable()).meta({
        description:
          'Energy of the 7 days of the week, from Monday by the site’s calendar, with every term at 0, kWh; null: not in the training',
      }),
      holiday_level_kwh: z.number().nullable().meta({
        description: 'Energy of public holidays of the site’s country, kWh; null: they have the level of their weekday',
      }),
      in_use: z
        .array(z.boolean())
        .meta({ description: 'Whether each of the 7 days, from Monday, is a working day; the others are days off' }),
      p_value: z
        .number()
        .meta({ description: 'p-value of the hypothesis that all days of the week have the same level (F-test)' }),
      temperature_p_value: z.number().nullable().meta({
        description:
          'p-value of the hypothesis that the temperature has no effect (F-test); null: a model without a temperature',
      }),
    })
    .nullable()
    .meta({ description: 'Levels of a model by day of week; null: another model' }),
  categorical_drivers: z
    .array(
      z.object({
        name: z.string().meta({ description: 'Name of the driver', examples: ['production.status'] }),
        base: z
          .string()
          .meta({ description: 'The most frequent category: the coefficients of the others are differences from it' }),
        categories: z.array(z.string()).meta({ description: 'All categories of the training data' }),
        p_value: z.number().nullable().meta({
          description: 'p-value of the hypothesis that all categories have the same level (F-test); null: not tested',
        }),
      }),
    )
    .meta({ description: 'Drivers with categories; each category but the base has a coefficient “NAME = CATEGORY”' }),
  candidates: z
    .array(
      z.object({
        model_name: ModelName,
        adjusted_r_squared: z.number().nullable().meta({ description: 'Adjusted R²; null: cannot be fitted' }),
        cv_rmse_out_of_sample: z
          .number()
          .nullable()
          .meta({ description: 'CV(RMSE) on weeks excluded from the fit (cross-validation); null: cannot be fitted' }),
      }),
    )
    .meta({ description: 'Models that were compared' }),
  diagnostics: z
    .object({
      durbin_watson: z.number().meta({
        description: 'Durbin–Watson statistic, 0–4; near 2 for uncorrelated consecutive residuals',
      }),
      heteroscedasticity_p: z.number().nullable().meta({
        description:
          'p-value of the hypothesis of a constant variance of the residuals (Breusch–Pagan); null: not tested',
      }),
      influential: z
        .array(
          z.object({
            at: Instant.meta({ description: 'Start of the hour or day' }),
            cooks_distance: z.number().meta({ description: 'Cook’s distance: its influence on the model' }),
          }),
        )
        .meta({ description: 'The five hours or days with the greatest influence on the model' }),
    })
    .nullable()
    .meta({ description: 'Diagnostics of the residuals; null for a model of an older version' }),
  driver_ranges: z
    .record(
      z.string(),
      z.object({
        min: z.number().meta({ description: 'Lowest value, in the unit of the driver' }),
        max: z.number().meta({ description: 'Highest value, in the unit of the driver' }),
        mean: z.number().meta({ description: 'Mean, in the unit of the driver' }),
      }),
    )
    .meta({ description: 'Values of each driver in the training' }),
  valid: z.boolean().meta({ description: 'Whether R² > 0.80 and every p < 0.05, the default of the service' }),
  criteria: z.array(Criterion).meta({ description: 'Rules of standards and practice, each with its result' }),
  suspicious_drivers: z
    .array(
      z.object({
        name: DriverName,
        r_squared: z.number().meta({ description: 'R² of the driver alone', examples: [0.998] }),
        reason: z.string().meta({ description: 'Why it is suspicious' }),
      }),
    )
    .meta({
      description:
        'Drivers that may be calculated from the energy: the version becomes active only with confirm_suspicious',
    }),
  warnings: Warnings,
};
export const BaselineModel = z
  .object(model)
  .meta({ id: 'BaselineModel', description: 'A version of the baseline of a device' });
export type BaselineModel = z.infer<typeof BaselineModel>;

export const Contributions = z.record(z.string(), z.array(z.number())).meta({
  description: 'Contribution of each term, kWh; with the intercept they add up to the prediction',
});

export const TrainedBaseline = BaselineModel.extend({
  series: z
    .object({
      timestamps: z.array(Instant).meta({ description: 'Starts of the hours or days' }),
      actual_kwh: z.array(z.number()).meta({ description: 'Measured energy, kWh' }),
      predicted_kwh: z.array(z.number()).meta({ description: 'Energy by the model, kWh' }),
      residual_kwh: z.array(z.number()).meta({ description: 'Measured − predicted energy, kWh' }),
      contributions_kwh: Contributions,
    })
    .meta({ description: 'Hours or days of the training, oldest first' }),
}).meta({ id: 'TrainedBaseline', description: 'A new version, with its training data' });
export type TrainedBaseline = z.infer<typeof TrainedBaseline>;

export const ActivationQuery = z.object({
  confirm_suspicious: z
    .stringbool()
    .default(false)
    .meta({ description: 'Whether the suspicious_drivers of the version are accepted' }),
});

export const BaselineModelsQuery = ListQuery.extend({
  machine_id: z
    .string()
    .min(1)
    .meta({ description: 'Id or name of a machine', examples: ['press-1'] }),
});
