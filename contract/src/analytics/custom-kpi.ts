import { z } from 'zod';
import { Instant, ListQuery, Name, pageOf, TimePeriod } from '../common.ts';
import { CreatedAt, EntryId, MachineReference, machineFields, UpdatedAt, Warnings } from '../fields.ts';

/** Maximum length of an expression. */
export const MAX_EXPRESSION_LENGTH = 500;

const fields = {
  name: Name.meta({
    description: 'Name of the key figure, unique in the installation',
    examples: ['Energy per pallet'],
  }),
  description: z
    .string()
    .trim()
    .max(1000)
    .meta({ description: 'Meaning of the key figure', examples: ['Electricity for each pallet that was packed'] }),
  expression: z
    .string()
    .min(1)
    .max(MAX_EXPRESSION_LENGTH)
    .meta({
      description:
        'Numbers with units (0.45 kg/kWh), + - * / ( ), sum, mean, min, max, last and energy of a metric, hours(), and key figures as kpi.NAME. Units are checked',
      examples: ['kpi.energy / sum(packing.pallets)', '0.45 kg/kWh * energy(energy.power_kw) / hours()'],
    }),
  unit: z
    .string()
    .trim()
    .min(1)
    .max(40)
    .nullable()
    .meta({ description: 'Unit of the value; null: the unit of the expression', examples: ['Wh/unit'] }),
  site_id: z
    .uuid()
    .nullable()
    .meta({ description: 'Id of the site to whose machines it applies; null: machines of every site' }),
};

export const CustomKpi = z
  .object({
    id: EntryId,
    ...fields,
    result_unit: z
      .string()
      .nullable()
      .meta({
        description: 'Unit of the values; ¤ if sites have different currencies; null if the expression cannot be used',
        examples: ['kWh/unit'],
      }),
    problem: z.string().nullable().meta({
      description:
        'Why the expression can no longer be used, such as when the unit of a metric has changed; null: it can be used',
    }),
    created_at: CreatedAt,
    updated_at: UpdatedAt,
  })
  .meta({ id: 'CustomKpi', description: 'A key figure that users define: an expression over metrics and key figures' });
export type CustomKpi = z.infer<typeof CustomKpi>;

export const CustomKpiCreate = z
  .strictObject({
    ...fields,
    description: fields.description.default(''),
    unit: fields.unit.default(null),
    site_id: fields.site_id.default(null),
  })
  .meta({ id: 'CustomKpiCreate', description: 'A new key figure' });
export type CustomKpiCreate = z.infer<typeof CustomKpiCreate>;

export const CustomKpiPatch = z
  .strictObject(fields)
  .partial()
  .meta({ id: 'CustomKpiPatch', description: 'Changes of a key figure' });
export type CustomKpiPatch = z.infer<typeof CustomKpiPatch>;

const window = {
  start: Instant.optional().meta({ description: 'Default: 24 hours before the end' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
};

export const CustomKpiQuery = z.object({
  machine_id: MachineReference.min(1).meta({ description: 'Id or name of a device' }),
  ...window,
});
export const CustomKpiValuesQuery = ListQuery.extend(CustomKpiQuery.shape);

export type CustomKpiQuery = z.infer<typeof CustomKpiQuery>;

const value = {
  value: z
    .number()
    .nullable()
    .meta({ description: 'Value in `unit`; null: see `reason`', examples: [4.7] }),
  unit: z
    .string()
    .nullable()
    .meta({ description: 'Unit of the value; null while the expression cannot be used', examples: ['kWh/unit'] }),
  reason: z.string().nullable().meta({ description: 'Reason for a missing value; null: there is a value' }),
  coverage: z.number().min(0).max(1).nullable().meta({
    description: 'Share of the window with data for every measured quantity, 0–1; null: none is measured',
  }),
  warnings: Warnings,
};

export const CustomKpiValue = z
  .object({
    id: EntryId.meta({ description: 'Id of the key figure' }),
    name: Name.meta({ description: 'Name of the key figure', examples: ['Energy per pallet'] }),
    ...machineFields,
    time_period: TimePeriod.extend({
      hours: z.number().meta({ description: 'Length of the window, hours', examples: [24] }),
    }).meta({ description: 'Window of the value' }),
    ...value,
  })
  .meta({ id: 'CustomKpiValue', description: 'Value of a key figure for a device and a window' });
export type CustomKpiValue = z.infer<typeof CustomKpiValue>;

export const CustomKpiValues = pageOf(CustomKpiValue).extend({ warnings: Warnings });

export const CustomKpiPreviewRequest = z
  .strictObject({
    expression: z
      .string()
      .max(10 * MAX_EXPRESSION_LENGTH)
      .meta({ description: 'Expression to check', examples: ['kpi.energy / kpi.production'] }),
    unit: z
      .string()
      .trim()
      .max(40)
      .nullable()
      .default(null)
      .meta({ description: 'Unit of the value; null: the unit of the expression', examples: ['Wh/unit'] }),
    site_id: fields.site_id.default(null),
    machine_id: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Id or name of a device to evaluate it for; without one only units are checked' }),
    ...window,
  })
  .meta({ id: 'CustomKpiPreviewRequest', description: 'An expression that is checked and evaluated, not saved' });
export type CustomKpiPreviewRequest = z.infer<typeof CustomKpiPreviewRequest>;

export const CustomKpiPreview = z
  .object({
    error: z
      .object({
        field: z.enum(['expression', 'unit']).meta({ description: 'The wrong field' }),
        column: z
          .number()
          .int()
          .min(1)
          .nullable()
          .meta({ description: 'Position in the expression, in characters from 1; null: not at one position' }),
        detail: z.string().meta({ description: 'The error, and the allowed values' }),
      })
      .nullable()
      .meta({ description: 'Why it cannot be saved; null: it can be saved' }),
    ...value,
  })
  .meta({ id: 'CustomKpiPreview', description: 'Result of the check of an expression' });
export type CustomKpiPreview = z.infer<typeof CustomKpiPreview>;
