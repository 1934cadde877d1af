import { z } from 'zod';
import { Instant, TimePeriod } from '../common.ts';
import { CreatedAt, EntryId, MachineReference, machineFields, Warnings } from '../fields.ts';
import { ByDriver, Contributions, Resolution } from './baseline.ts';

export const AdjustmentRequest = z
  .object({
    machine_id: MachineReference.min(1),
    start: Instant.meta({ description: 'Start of the window, included' }),
    end: Instant.meta({ description: 'End of the window, not included' }),
    kwh: z.number().min(-1e12).max(1e12).nullable().default(null).meta({
      description: 'Additional energy of the window, kWh, negative for energy saved; null: exclude the window',
    }),
    reason: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .meta({ description: 'Description of the event, for auditors', examples: ['Test run of the new line'] }),
  })
  .meta({
    id: 'BaselineAdjustmentRequest',
    description: 'A non-routine event and its adjustment (IPMVP)',
  });
export type AdjustmentRequest = z.infer<typeof AdjustmentRequest>;

export const Adjustment = AdjustmentRequest.extend({
  id: EntryId,
  kwh: z
    .number()
    .nullable()
    .meta({ description: 'Additional energy of the window, kWh; null: the window is excluded' }),
  created_by: z.string().meta({ description: 'User or token that added it', examples: ['anna'] }),
  created_at: CreatedAt,
}).meta({ id: 'BaselineAdjustment', description: 'A non-routine adjustment of a device' });
export type Adjustment = z.infer<typeof Adjustment>;

export const DeviationQuery = z.object({
  machine_id: MachineReference.min(1),
  start: Instant.optional().meta({
    description: 'Start of the window; default: 24 hours before the end, 30 days for a model of days',
  }),
  end: Instant.optional().meta({ description: 'End of the window; default: now' }),
  model_id: z.uuid().optional().meta({ description: 'Id of a version; default: the active one' }),
});
export type DeviationQuery = z.infer<typeof DeviationQuery>;

export const Severity = z
  .enum(['normal', 'warning', 'critical'])
  .meta({ description: 'warning: deviation beyond 2 σ; critical: beyond 3 σ' });

export const SavingsVerdict = z.enum(['significant', 'not_significant', 'not_valid', 'no_data']).meta({
  description:
    'significant: fractional uncertainty below 0.5 at 90 %; not_valid: the model or the window supports no claim of savings',
});
export type SavingsVerdict = z.infer<typeof SavingsVerdict>;

const Savings = z
  .object({
    kwh: z
      .number()
      .nullable()
      .meta({ description: 'Predicted − actual energy, kWh; negative: excess consumption; null: unknown' }),
    uncertainty_kwh: z.number().nullable().meta({ description: 'Uncertainty at 90 % confidence, kWh; null: unknown' }),
    fractional_uncertainty: z.number().nullable().meta({ description: 'Uncertainty ÷ |savings|; null: unknown' }),
    verdict: SavingsVerdict,
    reasons: z.array(z.string()).meta({ description: 'Reasons of the verdict, the decisive one first' }),
  })
  .meta({ id: 'BaselineSavings', description: 'Avoided energy use with its verdict' });

const ModelVersion = z
  .number()
  .int()
  .meta({ description: 'Version of the baseline used for the prediction', examples: [3] });

export const Deviation = z
  .object({
    ...machineFields,
    time_period: TimePeriod.meta({ description: 'Window that was compared' }),
    baseline_model_version: ModelVersion,
    resolution: Resolution,
    total_actual_kwh: z
      .number()
      .nullable()
      .meta({ description: 'Measured energy, kWh; null: no hour of the window has data' }),
    total_predicted_kwh: z
      .number()
      .nullable()
      .meta({ description: 'Predicted energy of the same hours, kWh; null: none has data' }),
    deviation_kwh: z.number().nullable().meta({ description: 'Actual − predicted energy, kWh; negative: saved' }),
    deviation_percent: z.number().nullable().meta({ description: 'Deviation, percent of the predicted energy' }),
    deviation_severity: z
      .enum([...Severity.options, 'no_data'])
      .meta({ description: 'Beyond 2 σ a warning, beyond 3 σ critical; no_data: no hour of the window has data' }),
    reason: z.string().nullable().meta({ description: 'Why there is no deviation; null: there is one' }),
    uncertainty_kwh: z
      .number()
      .nullable()
      .meta({ description: 'Uncertainty of the deviation at 90 % confidence, kWh (ASHRAE Guideline 14, annex B)' }),
    fractional_savings_uncertainty: z.number().nullable().meta({ description: 'Uncertainty ÷ |deviation|' }),
    savings: Savings,
    adjustment_kwh: z
      .number()
      .meta({ description: 'Energy of non-routine adjustments, kWh; the prediction includes it' }),
    adjustments: z.array(Adjustment).meta({ description: 'Adjustments that overlap this window' }),
    excluded_hours: z
      .number()
      .int()
      .meta({ description: 'Number of hours (days for a model of days) excluded by adjustments' }),
    hours: z
      .number()
      .int()
      .meta({ description: 'Number of hours (days for a model of days) with energy and every driver' }),
    missing_hours: z
      .number()
      .int()
      .meta({ description: 'Number of hours (days for a model of days) without energy or without a driver' }),
    coverage: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'hours ÷ (hours + missing_hours) of the part of the window that has passed, 0–1' }),
    zero_hours: z.number().int().meta({ description: 'Hours of 0 kWh among the missing ones' }),
    extrapolated_hours: z.number().int().meta({ description: 'Hours with a driver outside its range in the training' }),
    intercept: z.number().meta({ description: 'Constant term of the prediction, kWh' }),
    contributions_kwh: Contributions,
    hourly_deviations: z
      .array(
        z.object({
          hour: Instant.meta({ description: 'Start of the hour, or of the day' }),
          actual_kwh: z.number().meta({ description: 'Measured energy, kWh' }),
          predicted_kwh: z.number().meta({ description: 'Predicted energy, kWh' }),
          deviation_kwh: z.number().meta({ description: 'Actual − predicted energy, kWh' }),
          severity: Severity,
        }),
      )
      .meta({ description: 'Each hour (day for a model of days) with data' }),
    cusum: z.array(z.number()).meta({ description: 'Cumulative sum of the deviations, kWh' }),
    warnings: Warnings,
  })
  .meta({ id: 'BaselineDeviation', description: 'Measured energy of a window, compared with the baseline' });
export type BaselineDeviation = z.infer<typeof Deviation>;

export const PredictionQuery = z
  .looseObject({
    machine_id: MachineReference.min(1),
    at: Instant.optional().meta({ description: 'Instant to predict for, in a model by time of week; default: now' }),
  })
  .meta({
    description: 'In addition to the machine, a value for each driver of its model, such as production_count=120',
  });

export const Prediction = z
  .object({
    ...machineFields,
    baseline_model_version: ModelVersion,
    conditions: ByDriver.meta({
      description: 'Values of the drivers, in their units',
      examples: [{ production_count: 120 }],
    }),
    predicted_kwh: z.number().meta({ description: 'Energy of an hour (or a day) under these conditions, kWh' }),
    confidence_interval_lower: z.number().meta({ description: 'Lower bound of the 95 % prediction interval, kWh' }),
    confidence_interval_upper: z.number().meta({ description: 'Upper bound of the 95 % prediction interval, kWh' }),
    extrapolated: z.array(z.string()).meta({ description: 'Drivers outside their range in the training' }),
  })
  .meta({ id: 'BaselinePrediction', description: 'Predicted energy under given conditions' });
