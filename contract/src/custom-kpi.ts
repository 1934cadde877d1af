import { ListQuery } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import { Instant, Name, pageOf, TimePeriod } from './common.ts';

/** Longest expression. */
export const MAX_EXPRESSION_LENGTH = 500;

const fields = {
  name: Name.meta({ description: 'Unique in the installation', examples: ['Energy per pallet'] }),
  description: z.string().trim().max(1000).meta({ description: 'What it tells, for those who read it' }),
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
    .meta({ description: 'Unit to tell the value in; null: the one that the expression gives', examples: ['Wh/unit'] }),
  site_id: z.uuid().nullable().meta({ description: 'Only for machines of this site; null: for those of every site' }),
};

export const CustomKpi = z
  .object({
    id: z.uuid(),
    ...fields,
    result_unit: z
      .string()
      .nullable()
      .meta({
        description:
          'What values are in; ¤ where sites have different currencies; null while the expression cannot be used',
        examples: ['kWh/unit'],
      }),
    problem: z.string().nullable().meta({
      description: 'Why the expression cannot be used any more, such as when a metric got another unit',
    }),
    created_at: Instant,
    updated_at: Instant,
  })
  .meta({ id: 'CustomKpi', description: 'A key figure of your own: an expression over metrics and key figures' });
export type CustomKpi = z.infer<typeof CustomKpi>;

export const CustomKpiCreate = z
  .strictObject({
    ...fields,
    description: fields.description.default(''),
    unit: fields.unit.default(null),
    site_id: fields.site_id.default(null),
  })
  .meta({ id: 'CustomKpiCreate' });
export type CustomKpiCreate = z.infer<typeof CustomKpiCreate>;

export const CustomKpiPatch = z.strictObject(fields).partial().meta({ id: 'CustomKpiPatch' });
export type CustomKpiPatch = z.infer<typeof CustomKpiPatch>;

const window = {
  start: Instant.optional().meta({ description: 'Default: 24 hours before the end' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
};

export const CustomKpiQuery = z.object({
  machine_id: z.string().min(1).meta({ description: 'Id or name of a device' }),
  ...window,
});
export const CustomKpiValuesQuery = ListQuery.extend(CustomKpiQuery.shape);

export type CustomKpiQuery = z.infer<typeof CustomKpiQuery>;

const value = {
  value: z.number().nullable(),
  unit: z
    .string()
    .nullable()
    .meta({ description: 'Null while the expression cannot be used', examples: ['kWh/unit'] }),
  reason: z.string().nullable().meta({ description: 'Why there is no value' }),
  coverage: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .meta({ description: 'Share of the window for which all is known that is measured; null where nothing is' }),
  warnings: z.array(z.string()),
};

export const CustomKpiValue = z
  .object({
    id: z.uuid(),
    name: Name,
    machine_id: z.string(),
    machine_name: z.string(),
    time_period: TimePeriod.extend({ hours: z.number() }),
    ...value,
  })
  .meta({ id: 'CustomKpiValue' });
export type CustomKpiValue = z.infer<typeof CustomKpiValue>;

export const CustomKpiValues = pageOf(CustomKpiValue).extend({ warnings: z.array(z.string()) });

export const CustomKpiPreviewRequest = z
  .strictObject({
    expression: z
      .string()
      .max(10 * MAX_EXPRESSION_LENGTH)
      .meta({ examples: ['kpi.energy / kpi.production'] }),
    unit: z.string().trim().max(40).nullable().default(null),
    site_id: fields.site_id.default(null),
    machine_id: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Id or name of a device to evaluate it for; without one only units are checked' }),
    ...window,
  })
  .meta({ id: 'CustomKpiPreviewRequest' });
export type CustomKpiPreviewRequest = z.infer<typeof CustomKpiPreviewRequest>;

export const CustomKpiPreview = z
  .object({
    error: z
      .object({
        field: z.enum(['expression', 'unit']),
        column: z.number().int().min(1).nullable().meta({ description: 'Where in the expression, counted from 1' }),
        detail: z.string().meta({ description: 'What was found and what is allowed' }),
      })
      .nullable()
      .meta({ description: 'Why it cannot be saved; null: it can' }),
    ...value,
  })
  .meta({ id: 'CustomKpiPreview', description: 'What an expression would come to' });
export type CustomKpiPreview = z.infer<typeof CustomKpiPreview>;
