import { z } from 'zod';
import { GivenName, Instant } from '../common.ts';
import { SeriesMetric } from '../fields.ts';
import { TimeZone } from '../site.ts';

/** However an address is spelt, by its user, its password or its query; a path with an @ holds none. */
function holdsCredentials(from: string): boolean {
  return /^\s*(\w+:\/\/|https?:)[\\/]*[^\\/?#]*@/i.test(from) || /[?&](u|p|username|password|token)=/i.test(from);
}

/** Where older data comes from. */
export const MigrationSourceName = z.enum(['records', 'sessions', 'influxdb', 'home-assistant']).meta({
  description: 'Kind of the older data: files of records or of charging sessions, InfluxDB, or Home Assistant',
});
export type MigrationSourceName = z.infer<typeof MigrationSourceName>;

export const MigrationRequest = z
  .strictObject({
    source: MigrationSourceName,
    from: z
      .string()
      .min(1)
      .max(4096)
      .refine((from) => !holdsCredentials(from), 'must not hold a password: set migration.influxdb')
      .meta({
        description:
          'records, sessions: a folder or file; home-assistant: the database file; influxdb: address and database, such as http://localhost:8086/home. Files of the machine that the service runs on, below one of its import folders (imports.folders); a relative path begins at the first of them',
      }),
    dry_run: z.boolean().default(false).meta({ description: 'Read and compare everything, write nothing' }),
    device: GivenName.optional().meta({
      description: 'records, sessions: device of everything; else what each record names',
    }),
    timezone: TimeZone.optional().meta({
      description: "records, sessions: zone of times without an offset; default: the site's",
    }),
    mapping: z
      .string()
      .max(1_000_000)
      .optional()
      .meta({ description: 'How names become metrics, as YAML or JSON (docs/migration.md); default: a proposal' }),
    backup: z.boolean().default(true).meta({ description: 'Back up first, where there is anything' }),
  })
  .meta({ id: 'MigrationRequest', description: 'A migration of older data, or a dry run of one' });
export type MigrationRequest = z.infer<typeof MigrationRequest>;

const Count = z.number().int().nonnegative();

const Place = z.object({
  where: z.string().meta({ description: 'File and line, or series' }),
  reason: z.string().meta({ description: 'Why it could not be taken' }),
});

const Series = z.object({
  device: z.string().meta({ description: 'Name of the device' }),
  metric: SeriesMetric,
  values: Count.meta({ description: 'Values of the series' }),
  first: Instant.meta({ description: 'Instant of the first value' }),
  last: Instant.meta({ description: 'Instant of the last value' }),
});

/** What a migration tells. `found` is the sum of `migrated`, `already_there`, `unreadable`, `missing` and, in a dry run, `to_migrate`. */
export const MigrationReport = z
  .object({
    source: MigrationSourceName,
    from: z.string().meta({ description: 'Where the data came from' }),
    dry_run: z.boolean().meta({ description: 'True: nothing was written' }),
    found: Count.meta({ description: 'Records, points, rows or sessions that were found' }),
    migrated: Count.meta({ description: 'Those that were brought in' }),
    already_there: Count.meta({ description: 'Those that the service had already' }),
    unreadable: Count.meta({ description: 'Those that could not be read' }),
    missing: Count.meta({ description: 'Records that are not accounted for; 0 when everything is well' }),
    to_migrate: Count.meta({ description: 'Dry run: what a real run would bring in' }),
    unreadable_items: z.array(Place).meta({ description: 'The first of them, with the reason' }),
    missing_items: z.array(Place).meta({ description: 'The first of them, with the reason' }),
    values: z
      .object({
        found: Count.meta({ description: 'Values that were found' }),
        written: Count.meta({ description: 'Values that were written' }),
        quarantined: Count.meta({ description: 'Implausible: kept apart, to be looked at on the data-quality page' }),
        differing: Count.meta({ description: 'The store has another value at that instant, and keeps it' }),
        unreadable: Count.meta({
          description: 'Values that could not be read, of records whose other values were taken',
        }),
      })
      .meta({ description: 'Number of values by outcome' }),
    series: z.array(Series).meta({ description: 'What was found, up to 1,000 series' }),
    validation: z
      .object({
        series: Count.meta({ description: 'Series that were read back' }),
        days: Count.meta({ description: 'Days of a series whose count, extent and checksum were read back' }),
        samples: Count.meta({ description: 'Values that were read back one by one' }),
        compared_again: Count.meta({ description: 'Days that changed meanwhile and were compared value by value' }),
      })
      .nullable()
      .meta({ description: 'Comparison of what was written with what was read back; null: none was made' }),
    backup: z.string().nullable().meta({ description: 'Name of the backup that was made first' }),
    notes: z.array(z.string()).meta({ description: 'Fields that were left out, and the proposed mapping' }),
    mapping: z.string().nullable().meta({ description: 'The mapping in force, as YAML, where there can be another' }),
  })
  .meta({ id: 'MigrationReport', description: 'Outcome of a migration, with every record accounted for' });
export type MigrationReport = z.infer<typeof MigrationReport>;
