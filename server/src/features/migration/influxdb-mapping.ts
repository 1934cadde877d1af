import { GivenName } from '@wattkeeper/contract/common.ts';
import { isMetricName, metricNameFault } from '@wattkeeper/contract/metric.ts';
import { byName } from '@wattkeeper/contract/named-record.ts';
import { nameFault } from '@wattkeeper/contract/names.ts';
import { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';
import { conversion } from '../../domain/units.ts';
import { type DeviceRules, deviceOfTags } from '../../sources/decode/line-protocol-device.ts';
import { parseAs } from './mapping-file.ts';

const Rule = z.strictObject({
  measurement: z.string().min(1),
  field: z.string().min(1).optional().describe('Default: every field'),
  tags: byName(z.string()).default({}).describe('Only series with these tags'),
  leave_out: z.boolean().default(false),
  device: GivenName.optional().describe('Default: as in line protocol'),
  metric: z
    .string()
    .refine(isMetricName, 'must be named group.quantity, such as load.power_kw')
    .optional()
    .describe('Default: measurement.field'),
  unit: z.string().optional().describe("Unit of the field; the metric's own by default"),
  scale: z.number().default(1),
});
type Rule = z.infer<typeof Rule>;

/** Exceptions to the names of line protocol; the first rule that fits a field applies. */
export const InfluxMapping = z.strictObject({
  rules: z.array(Rule).max(100_000).default([]),
  others: z.enum(['take', 'leave_out']).default('take').describe('Fields without a rule: stored or excluded'),
});
export type InfluxMapping = z.infer<typeof InfluxMapping>;

interface MappedField {
  readonly metric: string;
  readonly factor: number;
  readonly offset: number;
}

export interface MappedSeries {
  readonly device: string;
  /** In the order of the fields; null: excluded. */
  readonly mapped: readonly (MappedField | null)[];
}

/** Maximum number of names in a message. */
const MAX_NAMES_LISTED = 40;

/** Names of devices and metrics for series of InfluxDB, the same as by line protocol, unless a rule says otherwise. */
export class InfluxNames {
  readonly #mapping: InfluxMapping;
  readonly #rules: DeviceRules;
  readonly #unitOf: (metric: string) => string;
  readonly #leftOut = new Set<string>();

  /** Throws InvalidInput for a mapping with an unknown measurement. */
  constructor(
    options: {
      readonly mapping?: string | undefined;
      readonly rules: DeviceRules;
      readonly unitOf: (metric: string) => string;
    },
    measurements: ReadonlySet<string>,
  ) {
    this.#mapping = parseAs(InfluxMapping, options.mapping ?? '{}');
    this.#rules = options.rules;
    this.#unitOf = options.unitOf;
    const unknown = this.#mapping.rules.find(({ measurement }) => !measurements.has(measurement));
    if (unknown === undefined) return;
    const known = [...measurements].slice(0, MAX_NAMES_LISTED).join(', ');
    throw new InvalidInput(`the mapping names the measurement "${unknown.measurement}"; there are: ${known}`);
  }

  /** Null if nothing of the series is included. A series is one device. */
  fieldsOf(
    measurement: string,
    tags: Readonly<Record<string, string>>,
    fields: readonly string[],
  ): MappedSeries | null {
    // A tag of other series of the measurement is empty here.
    const named = new Map(Object.entries(tags).filter(([, value]) => value !== ''));
    const rules = fields.map((field) => this.#ruleOf(measurement, named, field));
    const device = rules.find((rule) => rule?.device !== undefined)?.device ?? deviceOfTags(named, this.#rules).name;
    const fault = nameFault(device);
    if (fault !== null) throw new InvalidInput(`give measurement "${measurement}" a rule: a device's name ${fault}`);
    const mapped = fields.map((field, i) => {
      const rule = rules[i];
      const isLeftOut = rule === undefined ? this.#mapping.others === 'leave_out' : rule.leave_out;
      if (!isLeftOut) return this.#map(measurement, field, rule);
      if (this.#leftOut.size < MAX_NAMES_LISTED) this.#leftOut.add(`${measurement}.${field}`);
      return null;
    });
    return mapped.some((one) => one !== null) ? { device, mapped } : null;
  }

  notes(): string[] {
    return this.#leftOut.size === 0 ? [] : [`left out, as the mapping says: ${[...this.#leftOut].join(', ')}`];
  }

  mapping(): InfluxMapping {
    return this.#mapping;
  }

  #ruleOf(measurement: string, tags: ReadonlyMap<string, string>, field: string): Rule | undefined {
    return this.#mapping.rules.find(
      (rule) =>
        rule.measurement === measurement &&
        (rule.field === undefined || rule.field === field) &&
        Object.entries(rule.tags).every(([tag, value]) => tags.get(tag) === value),
    );
  }

  #map(measurement: string, field: string, rule: Rule | undefined): MappedField {
    // The last dot of a metric's name separates group and quantity, so a field's dots are replaced.
    const metric = rule?.metric ?? `${measurement}.${field.replaceAll('.', '_')}`;
    const fault = metricNameFault(metric);
    if (fault !== null) throw new InvalidInput(`give measurement "${measurement}" a rule: a metric's name ${fault}`);
    const { unit, scale = 1 } = rule ?? {};
    const { factor, offset } = unit === undefined ? { factor: 1, offset: 0 } : conversion(unit, this.#unitOf(metric));
    return { metric, factor: scale * factor, offset };
  }
}
