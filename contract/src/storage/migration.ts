import { z } from 'zod';
import { GivenName, Instant } from '../common.ts';
import { SeriesMetric } from '../fields.ts';
import { TimeZone } from '../site.ts';

/** Finds credentials in any spelling of an address: user, password or query; a path with an @ has none. */
function holdsCredentials(from: string): boolean {
  return /^\s*(\w+:\/\/|https?:)[\\/]*[^\\/?#]*@/i.test(from) || /[?&](u|p|username|password|token)=/i.test(from);
}

/** Sources of older data. */
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
      description: "records, sessions: time zone of times without an offset; default: the site's",
    }),
    mapping: z.string().max(1_000_000).optional().meta({
      description: 'Assignment of names to metrics, as YAML or JSON (docs/migration.md); default: a proposal',
    }),
    backup: z.boolean().default(true).meta({ description: 'Create a backup first, if there is data' }),
  })
  .meta({ id: 'MigrationRequest', description: 'A migration of older data, or a dry run of one' });
export type MigrationRequest = z.infer<typeof MigrationRequest>;

const Count = z.number().int().nonnegative();

const Place = z.object({
  where: z.string().meta({ description: 'File and line, or series' }),
  reason: z.string().meta({ description: 'Why it could not be migrated' }),
});

const Series = z.object({
  device: z.string().meta({ description: 'Name of the device' }),
  metric: SeriesMetric,
  values: Count.meta({ description: 'Values of the series' }),
  first: Instant.meta({ description: 'Instant of the first value' }),
  last: Instant.meta({ description: 'Instant of the last value' }),
});

/** Outcome of a migration. `found` is the sum of `migrated`, `already_there`, `unreadable`, `missing` and, in a dry run, `to_migrate`. */
export const MigrationReport = z
  .object({
    source: MigrationSourceName,
    from: z.string().meta({ description: 'Source of the data' }),
    dry_run: z.boolean().meta({ description: 'True: nothing was written' }),
    found: Count.meta({ description: 'Number of records, points, rows or sessions found' }),
    migrated: Count.meta({ description: 'Number of those that were stored' }),
    already_there: Count.meta({ description: 'Number of those that the service already had' }),
    unreadable: Count.meta({ description: 'Number of those that could not be read' }),
    missing: Count.meta({ description: 'Records that are not accounted for; 0 in a correct migration' }),
    to_migrate: Count.meta({ description: 'In a dry run: number of those that a real run would store' }),
    unreadable_items: z.array(Place).meta({ description: 'The first unreadable ones, with the reason' }),
    missing_items: z.array(Place).meta({ description: 'The first missing ones, with the reason' }),
    values: z
      .object({
        found: Count.meta({ description: 'Values that were found' }),
        written: Count.meta({ description: 'Values that were written' }),
        quarantined: Count.meta({ description: 'Implausible values, stored in the quarantine for review' }),
        differing: Count.meta({
          description: 'Values for which the store has a different value at the same instant, which it retains',
        }),
        unreadable: Count.meta({
          description: 'Values that could not be read, of records whose other values were stored',
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
      .meta({ description: 'Comparison of written and read-back values; null: none was made' }),
    backup: z.string().nullable().meta({ description: 'Name of the backup created first' }),
    notes: z.array(z.string()).meta({ description: 'Fields that were omitted, and the proposed mapping' }),
    mapping: z.string().nullable().meta({ description: 'The applied mapping, as YAML; null: not applicable' }),
  })
  .meta({ id: 'MigrationReport', description: 'Outcome of a migration, with every record accounted for' });
export type MigrationReport = z.infer<typeof MigrationReport>;
