import { z } from 'zod';
import { Instant, Name } from './common.ts';
import { DEVICE_KINDS } from './device-kinds.ts';
import { CreatedAt, DeviceId, EntryId, SiteId, SiteReference } from './fields.ts';
import { MetricName } from './metric.ts';
import { byName } from './named-record.ts';
import { isName, MAX_LABEL_CHARACTERS, MAX_LABEL_VALUE_CHARACTERS, nameFault } from './names.ts';

export const DeviceKind = z.enum(DEVICE_KINDS).meta({ description: 'Kind of the device' });
export type DeviceKind = z.infer<typeof DeviceKind>;

export const Labels = byName(
  z.string().max(MAX_LABEL_VALUE_CHARACTERS),
  z
    .string()
    .min(1)
    .max(MAX_LABEL_CHARACTERS)
    .refine((text) => isName(text, MAX_LABEL_CHARACTERS), {
      error: (issue) => nameFault(String(issue.input), MAX_LABEL_CHARACTERS) ?? 'cannot be a label',
    }),
).meta({ description: 'Labels: texts by name, for lists and searches', examples: [{ room: 'garage', maker: 'Acme' }] });

export const DeviceStatus = z.enum(['online', 'stale', 'never_reported', 'retired']).meta({
  description:
    'online: it reports as often as expected; stale: its last reading is too old; never_reported: it has no readings; retired: it is no longer part of its site’s totals',
});
export type DeviceStatus = z.infer<typeof DeviceStatus>;

/**
 * How a counter behaves. increasing: it never decreases, except when it is reset or replaced · reset_daily: it starts from zero at local midnight ·
 * net: it may decrease, as a meter that runs backwards while energy is exported.
 */
export const CounterBehaviour = z.enum(['increasing', 'reset_daily', 'net']).meta({
  description:
    'increasing: it never decreases, except when it is reset or replaced; reset_daily: it starts from zero at local midnight; net: it may decrease while energy is exported',
});
export type CounterBehaviour = z.infer<typeof CounterBehaviour>;

/**
 * Length of the intervals of a quantity per interval: a number and s, m, h (elapsed time) or d, w, mo, y (calendar of the site: days of 23 to 25 hours,
 * months of 28 to 31 days).
 */
export const IntervalWidth = z
  .string()
  .regex(/^([1-9]\d{0,4})(s|m|h|d|w|mo|y)$/, 'must be a number with s, m, h, d, w, mo or y, such as 15m, 1h, 1d or 1mo')
  .meta({ description: 'Length of an interval: 15m, 1h, 1d, 1mo …', examples: ['1d'] });

/** Maximum time for which a value of a device that reports changes only is assumed to hold: a week. */
export const MAX_HOLD_S = 604_800;
export const MAX_DECLARED_COUNTERS = 100;

const deviceFields = {
  name: Name.meta({ description: 'Unique name; requests accept it in place of the id', examples: ['Garage inverter'] }),
  kind: DeviceKind,
  labels: Labels,
  expected_interval_s: z
    .number()
    .min(0.001)
    .max(86_400)
    .nullable()
    .meta({
      description: 'Time between two reports, seconds; longer pauses count as gaps. null: determined from its data',
      examples: [10],
    }),
  holds_s: z
    .number()
    .min(1)
    .max(MAX_HOLD_S)
    .nullable()
    .meta({
      description:
        'For a device that reports changes only, as Home Assistant does: a value holds until the next one, at most for this many seconds. null: determined from its data',
      examples: [43_200],
    }),
  rated_power_kw: z
    .number()
    .positive()
    .max(1e6)
    .nullable()
    .meta({ description: 'Rated power, kW, which limits the growth of its counters. null: unknown', examples: [10] }),
  counters: byName(CounterBehaviour, MetricName)
    .refine((counters) => Object.keys(counters).length <= MAX_DECLARED_COUNTERS, {
      error: `must have ${MAX_DECLARED_COUNTERS} metrics at most`,
    })
    .meta({
      description:
        'How counters of the device behave, by metric; default: increasing, or reset daily if the data shows it',
      examples: [{ 'solar.energy_kwh': 'reset_daily' }],
    }),
  intervals: byName(IntervalWidth, MetricName)
    .refine((intervals) => Object.keys(intervals).length <= MAX_DECLARED_COUNTERS, {
      error: `must have ${MAX_DECLARED_COUNTERS} metrics at most`,
    })
    .meta({
      description:
        'Length of the intervals of amounts per interval (kind delta), by metric; timestamps are their starts. Default: determined from the data',
      examples: [{ 'grid.imported_interval_kwh': '1d' }],
    }),
};

const retired_at = Instant.nullable().meta({
  description:
    'When the device was replaced or removed; later readings are not part of its site’s totals. null: active',
});

export const Device = z
  .object({
    id: EntryId,
    site_id: SiteId,
    ...deviceFields,
    retired_at,
    status: DeviceStatus,
    meter: z
      .string()
      .nullable()
      .meta({
        description:
          'Metric group in which the device meters consumption: energy, load, grid (its import), vehicle or its own group. Key figures and baselines are computed from it; null: it is not a metered device',
        examples: ['load'],
      }),
    last_reading_at: Instant.nullable().meta({ description: 'Time of its newest reading; null: it has none' }),
    created_at: CreatedAt,
  })
  .meta({ id: 'Device', description: 'Anything that reports readings' });
export type Device = z.infer<typeof Device>;

export const DeviceRemoved = z
  .object({
    device_id: DeviceId,
    name: z.string().meta({ description: 'Name of the deleted device', examples: ['Garage inverter'] }),
    job_id: z.uuid().nullable().meta({
      description: 'Id of the run of the job device-removal that deletes the readings; null: one starts within minutes',
    }),
  })
  .meta({
    id: 'DeviceRemoved',
    description: 'A deleted device; a job deletes its readings from every store and from the archive',
  });
export type DeviceRemoved = z.infer<typeof DeviceRemoved>;

export const DeviceCreate = z.object({
  name: deviceFields.name,
  kind: deviceFields.kind.default('other'),
  site_id: SiteReference.min(1).optional().meta({ description: 'Id or name of its site; default: the default site' }),
  labels: deviceFields.labels.default({}),
  expected_interval_s: deviceFields.expected_interval_s.default(null),
  holds_s: deviceFields.holds_s.default(null),
  rated_power_kw: deviceFields.rated_power_kw.default(null),
  counters: deviceFields.counters.default({}),
  intervals: deviceFields.intervals.default({}),
});
export type DeviceCreate = z.infer<typeof DeviceCreate>;

export const DevicePatch = z
  .object({ ...deviceFields, site_id: SiteReference.min(1), retired_at })
  .partial()
  .strict();
export type DevicePatch = z.infer<typeof DevicePatch>;

export const DeviceQuery = z.object({
  site_id: SiteReference.optional(),
  kind: DeviceKind.optional(),
  status: DeviceStatus.optional(),
  metered: z.stringbool().optional().meta({
    description: 'true: metered devices, for which key figures and baselines can be computed; false: other devices',
  }),
});
