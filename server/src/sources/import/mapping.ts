import { GivenName, Name } from '@wattkeeper/contract/common.ts';
import { DeviceKind, IntervalWidth } from '@wattkeeper/contract/device.ts';
import { ImportDevice, ImportSite } from '@wattkeeper/contract/import.ts';
import { isMetricName } from '@wattkeeper/contract/metric.ts';
import { byName } from '@wattkeeper/contract/named-record.ts';
import { TimeZone } from '@wattkeeper/contract/site.ts';
import { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';
import { FIRST_CATALOGUE, splitMetric } from '../../domain/metric-catalogue.ts';
import { errorList, mappingTree } from './mapping-text.ts';
import { isLanguage } from './month-names.ts';
import { NumberFormat } from './number-format.ts';
import { isEncoding } from './text-decoding.ts';

const Column = z.strictObject({
  metric: z.string().refine(isMetricName, 'must be named group.quantity, such as load.power_kw'),
  unit: z.string().optional().describe("Unit in the file; default: the metric's unit"),
  scale: z.number().default(1).describe('Multiplies the value before the unit conversion; -1 reverses its sign'),
  device: GivenName.optional().describe('Device of this column only'),
  missing: z.array(z.string()).default([]).describe('Texts that mean no value, in addition to the empty one'),
  at_least: z.number().optional().describe('Lower values in the file mean no value'),
  numbers: byName(z.number()).default({}).describe('Numbers that texts represent: { On: 1, Off: 0 }'),
  per: IntervalWidth.optional().describe(
    'The values are energies or counts per interval, which starts at the time: 15m, 1h, 1d, 1mo',
  ),
});
export type Column = z.infer<typeof Column>;

const Timestamp = z.strictObject({
  column: z.union([z.string(), z.array(z.string()).min(1)]).describe('Several columns are joined with a space'),
  format: z
    .string()
    .default('iso')
    .describe('iso, epoch_s, epoch_ms, epoch_us, epoch_ns, or a pattern such as d/M/yyyy HH:mm'),
  language: z
    .string()
    .default('en')
    .refine(isLanguage, 'must be a language such as de or pl')
    .describe('Language of month names in a pattern'),
  timezone: TimeZone.default('UTC').describe('Time zone of times without an offset'),
  midnight: z.enum(['start', 'end']).default('start').describe('end: 0:00 is the end of its date, like 24:00'),
  repeated: z
    .enum(['in_order', 'first', 'second'])
    .default('in_order')
    .describe('Which occurrence of the repeated hour at the end of daylight saving time is meant'),
  skipped: z
    .enum(['reject', 'ignore'])
    .default('reject')
    .describe('Treatment of rows in the skipped hour at the start of daylight saving time'),
  shift_s: z.number().default(0).describe('Added to every time: -900 when times mark the end of 15 minutes'),
});

/** Slots of a day. */
export const MAX_SLOTS_COUNT = 1440;

const Slots = z
  .strictObject({
    first: z.string().describe('Column of the first slot, by name or position (#2)'),
    count: z.int().min(1).max(MAX_SLOTS_COUNT),
    minutes: z.int().min(1).max(1440).describe('Length of a slot'),
  })
  .refine(({ count, minutes }) => count * minutes <= 1440, 'the slots are together longer than a day');

const Long = z.strictObject({
  metric_column: z.string().describe('Column that names the quantity'),
  value_column: z.string(),
  unit_column: z.string().optional().describe('Column that names the unit'),
  metrics: byName(Column).default({}).describe('Metric by name in the file; a name that is a metric needs no entry'),
  others: z.enum(['reject', 'ignore']).default('reject').describe('Treatment of names that are not metrics'),
});

/** The assignment of a file's columns to metrics. */
export const Mapping = z.strictObject({
  format: z
    .enum(['table', 'nem12', 'green_button'])
    .default('table')
    .describe(
      'nem12: meter data of Australia, as a table of time, nmi, register, unit, value and quality; green_button: ESPI XML, as a table of time, usage_point, flow, unit, value, duration_s and quality',
    ),
  encoding: z
    .string()
    .refine(isEncoding, 'must be an encoding such as utf-16le or windows-1252')
    .optional()
    .describe('Default: detected from the first bytes'),
  skip_lines: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('Lines before the table; its header is usually detected automatically'),
  delimiter: z.string().length(1).optional().describe('Default: detected from the first lines'),
  number_format: NumberFormat.prefault({}),
  header: z.boolean().default(true),
  columns_in_order: z.array(z.string()).optional().describe('Names of the columns of a file without a header'),
  records: z.string().min(1).optional().describe('JSON: path of the list inside the object, such as data.readings'),
  timestamp: Timestamp,
  site: z
    .union([Name, ImportSite])
    .optional()
    .describe('Site of the data, found by name or created; default: the default site'),
  kind: DeviceKind.optional().describe('Kind of new devices; default: other'),
  devices: byName(ImportDevice, GivenName).default({}).describe('Properties of individual devices, by name'),
  device: GivenName.optional().describe('Device of all columns'),
  device_column: z.string().optional().describe('Column that names the device'),
  missing: z.array(z.string()).default([]).describe('Texts that mean no value in any column'),
  slots: Slots.optional().describe(
    'One row per day and one column per slot, named by the local time of day; the column slot defines their metric',
  ),
  columns: byName(Column).default({}).describe('Wide layout: one column per metric'),
  long: Long.optional().describe('Long layout: one row per value'),
});
export type Mapping = z.infer<typeof Mapping>;

/** Parses a mapping (YAML or JSON). @throws InvalidInput with the first errors together */
export function parseMapping(text: string, name: string): Mapping {
  const tree = mappingTree(text, `the mapping ${name}`);
  const parsed = Mapping.safeParse(withNumberFormat(tree));
  const errors = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path.join('.') || 'mapping'}: ${issue.message}`);
  if (parsed.success && errors.length === 0) return parsed.data;
  throw new InvalidInput(`the mapping ${name} has ${errorList(errors)}`);
}

/** `decimal: ","` is short for `number_format: { decimal: "," }`. */
function withNumberFormat(tree: unknown): unknown {
  if (typeof tree !== 'object' || tree === null || !('decimal' in tree) || 'number_format' in tree) return tree;
  const { decimal, ...rest } = tree;
  return { ...rest, number_format: { decimal } };
}

/** Columns of the file that a mapping requires. */
export function wantedColumns({ timestamp, device_column: device, columns, long }: Mapping): string[] {
  return [
    ...new Set([
      ...timestampColumns(timestamp),
      ...(device === undefined ? [] : [device]),
      ...Object.keys(columns),
      ...(long ? [long.metric_column, long.value_column] : []),
      ...(long?.unit_column === undefined ? [] : [long.unit_column]),
    ]),
  ];
}

/** Columns that together contain the time. */
export function timestampColumns({ column }: Mapping['timestamp']): readonly string[] {
  return typeof column === 'string' ? [column] : column;
}

function contradictions(mapping: Mapping): string[] {
  const { device, device_column: deviceColumn, columns, long, header, columns_in_order: order } = mapping;
  const errors: string[] = [];
  const [undeviced] = Object.entries(columns).find(([, column]) => column.device === undefined) ?? [];
  if (device === undefined && deviceColumn === undefined) {
    if (undeviced !== undefined)
      errors.push(`columns.${undeviced}: specify its device, or device or device_column for all`);
    if (long) errors.push('long: specify device or device_column');
  }
  if (Object.keys(columns).length > 0 === (long !== undefined))
    errors.push('mapping: specify either columns (one column per metric) or long (one row per value)');
  if (mapping.slots && !/y/.test(mapping.timestamp.format))
    errors.push('timestamp.format: with slots, specify the pattern of the date, such as yyyy-MM-dd');
  for (const [where, column] of [...entriesOf('columns', columns), ...entriesOf('long.metrics', long?.metrics ?? {})]) {
    const fault = perFault(column);
    if (fault !== null) errors.push(`${where}.per: ${fault}`);
  }
  if (!header && order === undefined) errors.push('columns_in_order: specify the columns of a file without a header');
  return errors;
}

function entriesOf(path: string, columns: Readonly<Record<string, Column>>): (readonly [string, Column])[] {
  return Object.entries(columns).map(([name, column]) => [`${path}.${name}`, column] as const);
}

/** The reason why a metric cannot be one per interval, or null. */
function perFault({ metric, per }: Column): string | null {
  const known = FIRST_CATALOGUE.find(({ name }) => name === metric);
  if (per === undefined || known === undefined || known.kind === 'delta') return null;
  const { group } = splitMetric(metric);
  const fitting = FIRST_CATALOGUE.filter(({ name, kind }) => kind === 'delta' && splitMetric(name).group === group);
  const names = fitting.map(({ name }) => name).join(', ');
  return `${metric} is a ${known.kind}, not a quantity per interval${names === '' ? '' : `: use ${names}`}`;
}
