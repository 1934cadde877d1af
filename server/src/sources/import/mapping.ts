import { isMetricName } from '@wattkeeper/contract/metric.ts';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';

const Column = z.strictObject({
  metric: z.string().refine(isMetricName, 'must be named group.quantity, such as load.power_kw'),
  unit: z.string().optional().describe("Unit of the file; the metric's own when left out"),
  scale: z.number().default(1).describe('Multiplies the value, before the unit is converted; -1 turns its sign'),
  device: z.string().min(1).max(200).optional().describe('Device of this column alone'),
  missing: z.array(z.string()).default([]).describe('Texts that stand for no value, beside the empty one'),
  at_least: z.number().optional().describe('Lesser values of the file stand for no value'),
});

/** How a file's columns become metrics. */
export const Mapping = z.strictObject({
  delimiter: z.string().length(1).optional().describe('Default: found in the first line'),
  header: z.boolean().default(true),
  columns_in_order: z.array(z.string()).optional().describe('Names of the columns of a file without a header'),
  timestamp: z.strictObject({
    column: z.string(),
    format: z.string().default('iso').describe('iso, epoch_s, epoch_ms, or a pattern such as d/M/yyyy HH:mm'),
    timezone: z.string().default('UTC').describe('Zone of times that carry no offset'),
  }),
  device: z.string().min(1).max(200).optional().describe('Device of all columns'),
  device_column: z.string().optional().describe('Column that names the device'),
  columns: z.record(z.string(), Column),
});
export type Mapping = z.infer<typeof Mapping>;

/** Reads a mapping (YAML or JSON). Throws `InvalidInput` with every error at once. */
export function parseMapping(text: string, name: string): Mapping {
  let tree: unknown;
  try {
    tree = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new InvalidInput(`the mapping ${name} is not YAML: ${error.message.split('\n')[0]}`, { cause: error });
  }
  const parsed = Mapping.safeParse(tree);
  const errors = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.') || 'mapping'}: ${issue.message}`);
  if (parsed.success) {
    const { device, device_column: deviceColumn, columns, header, columns_in_order: order } = parsed.data;
    const undeviced = Object.entries(columns).filter(([, column]) => column.device === undefined);
    if (device === undefined && deviceColumn === undefined && undeviced.length > 0) {
      errors.push(`columns.${undeviced[0]?.[0]}: name a device for it, or device or device_column for all`);
    }
    if (!header && order === undefined) errors.push('columns_in_order: name the columns of a file without a header');
    if (errors.length === 0) return parsed.data;
  }
  throw new InvalidInput(
    `the mapping ${name} has ${errors.length} error(s):\n${errors.map((line) => `  ${line}`).join('\n')}`,
  );
}
