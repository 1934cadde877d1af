import { z } from 'zod';
import { GivenName, Instant, Name } from './common.ts';
import { DeviceKind, DevicePatch } from './device.ts';
import { CurrencyCode, EntryId, SeriesMetric, SiteName, TimeZoneName } from './fields.ts';
import { MetricKind } from './metric.ts';
import { byName } from './named-record.ts';
import { Currency, SitePatch, TimeZone } from './site.ts';

/** What is imported: SHA-256 of the file and of the mapping, in hex. */
export const ImportKey = z
  .string()
  .regex(/^[0-9a-f]{64}:[0-9a-f]{64}$/, 'must be two SHA-256 sums in hex with a colon between them')
  .meta({ description: 'SHA-256 of the file and of its mapping, in hex, with a colon between them' });

export const ImportProgress = z
  .object({
    rows: z.number().int().nonnegative().meta({ description: 'Rows of the file that are acknowledged' }),
    finished: z.boolean().meta({ description: 'Whether the whole file is imported' }),
  })
  .meta({ id: 'ImportProgress', description: 'How far the import of a file has come' });
export type ImportProgress = z.infer<typeof ImportProgress>;

/** Largest file that is uploaded for an import; larger ones go through the command `import`. */
export const MAX_UPLOAD_BYTES = 1024 * 1024 * 1024;
/** Largest part of an upload: below what reverse proxies let through by default. */
export const MAX_UPLOAD_PART_BYTES = 1_000_000;
/** Longest mapping. */
export const MAX_MAPPING_CHARACTERS = 1_000_000;
/** Rows of a preview, and of a sample. */
export const MAX_PREVIEW_ROWS = 50;
/** Devices of one request for the places of an import. */
export const MAX_PLACED_DEVICES = 200;

export const ImportUploadCreate = z
  .object({
    name: GivenName.meta({ description: 'Name of the file', examples: ['house-2025.csv'] }),
    bytes: z
      .number()
      .int()
      .min(1)
      .max(MAX_UPLOAD_BYTES)
      .meta({ description: 'Size of the file, bytes', examples: [48_213] }),
  })
  .meta({ id: 'ImportUploadCreate', description: 'A file that is announced before its parts are sent' });

export const ImportUpload = z
  .object({
    id: EntryId.meta({ description: 'Id of the upload' }),
    name: z.string().meta({ description: 'Name of the file', examples: ['house-2025.csv'] }),
    bytes: z.number().int().meta({ description: 'Size of the file, bytes' }),
    received: z.number().int().meta({ description: 'Bytes that have arrived: the next part begins here' }),
    complete: z.boolean().meta({ description: 'Whether the whole file has arrived' }),
    max_part_bytes: z.number().int().meta({ description: 'Largest part, bytes' }),
    expires_at: Instant.meta({ description: 'When it is removed unless it is used before' }),
  })
  .meta({
    id: 'ImportUpload',
    description: 'A file on its way into the service, kept until it is imported or expires',
  });
export type ImportUpload = z.infer<typeof ImportUpload>;

export const ImportUploadPartQuery = z.object({
  offset: z.coerce
    .number()
    .int()
    .min(0)
    .meta({ description: 'Position of the first byte of the part in the file', examples: [1_000_000] }),
});

export const ImportDetectionRequest = z
  .object({
    timezone: TimeZone.optional().meta({ description: "Zone of times without an offset; default: the site's" }),
    site: Name.optional().meta({
      description: 'Site that the data is of, by name or id; one that is not known is new',
    }),
    currency: Currency.optional().meta({ description: 'Currency of a new site', examples: ['PLN'] }),
  })
  .meta({ id: 'ImportDetectionRequest', description: 'What is known of a file whose format is to be found' });
export type ImportDetectionRequest = z.infer<typeof ImportDetectionRequest>;

export const ImportDetection = z
  .object({
    format: z.enum(['table', 'nem12', 'json', 'green_button']).meta({ description: 'What the file is' }),
    mapping: z.looseObject({}).meta({ description: 'The mapping, as docs/import.md describes it' }),
    text: z.string().meta({ description: 'The mapping as YAML, with the notes as comments' }),
    notes: z.array(z.string()).meta({ description: 'What a person should check' }),
    sample: z
      .object({
        columns: z.array(z.string()).meta({ description: 'Columns of the file' }),
        rows: z.array(z.array(z.string())).meta({ description: 'First rows as the file has them' }),
      })
      .meta({ description: 'The beginning of the table in the file' }),
  })
  .meta({ id: 'ImportDetection', description: 'How a file is to be read, as far as its beginning shows' });
export type ImportDetection = z.infer<typeof ImportDetection>;

const MappingText = z
  .string()
  .min(1)
  .max(MAX_MAPPING_CHARACTERS)
  .meta({ description: 'How columns become metrics, as YAML or JSON (docs/import.md)' });

export const ImportPreviewRequest = z
  .object({ mapping: MappingText })
  .meta({ id: 'ImportPreviewRequest', description: 'A mapping that is tried on the first rows of a file' });

/** The site of imported data, as a mapping names it. */
export const ImportSite = z
  .strictObject({
    name: Name.meta({ description: 'Site, found by name or id, or else made', examples: ['Works'] }),
    timezone: TimeZone.optional().meta({ description: "IANA time zone; default: the zone of the file's times" }),
    currency: Currency.optional().meta({ description: 'ISO 4217 currency; default: EUR' }),
    country: SitePatch.shape.country.meta({ description: 'ISO 3166 country', examples: ['PL'] }),
    latitude: SitePatch.shape.latitude.meta({ description: 'Degrees north' }),
    longitude: SitePatch.shape.longitude.meta({ description: 'Degrees east' }),
  })
  .meta({ id: 'ImportSite', description: 'Site of imported data: found by its name or id, or else made' });
export type ImportSite = z.infer<typeof ImportSite>;

/** What a device of imported data is; used where the device is new. */
export const ImportDevice = DevicePatch.pick({
  kind: true,
  expected_interval_s: true,
  holds_s: true,
  rated_power_kw: true,
  counters: true,
  intervals: true,
});
export type ImportDevice = z.infer<typeof ImportDevice>;

export const ImportPlacesRequest = z
  .object({
    site: ImportSite.nullable().meta({ description: 'null: the default site' }),
    timezone: TimeZone.meta({ description: 'Zone of a site that is made and names none' }),
    devices: z
      .array(ImportDevice.extend({ name: GivenName }))
      .max(MAX_PLACED_DEVICES)
      .meta({ description: 'Devices of the data, by name' }),
    dry_run: z.boolean().default(false).meta({ description: 'Look only, make nothing' }),
  })
  .meta({ id: 'ImportPlacesRequest', description: 'Site and devices that imported data needs' });
export type ImportPlacesRequest = z.infer<typeof ImportPlacesRequest>;

const DataDevice = z.string().meta({ description: 'Name of the device', examples: ['Main meter'] });

export const ImportPlaces = z
  .object({
    site: z
      .object({
        id: z.uuid().nullable().meta({ description: 'Id of the site; null: it does not exist yet' }),
        name: SiteName,
        timezone: TimeZoneName,
        currency: CurrencyCode,
        created: z.boolean().meta({ description: 'Whether the import made it, or in a dry run would make it' }),
      })
      .meta({ description: 'Site of the data' }),
    devices: z
      .array(
        z.object({
          id: z.uuid().nullable().meta({ description: 'Id of the device; null: it does not exist yet' }),
          name: DataDevice,
          kind: DeviceKind,
          created: z.boolean().meta({ description: 'Whether the import made it, or in a dry run would make it' }),
        }),
      )
      .meta({ description: 'Devices of the data' }),
  })
  .meta({ id: 'ImportPlaces', description: 'Site and devices that imported data belongs to' });
export type ImportPlaces = z.infer<typeof ImportPlaces>;

const Count = z.number().int().nonnegative();
const Position = z
  .number()
  .int()
  .meta({ description: 'Line or record of the file, from 1', examples: [17] });
const Detail = z.string().meta({ description: 'What is wrong, and what is allowed' });

export const ImportPreview = z
  .object({
    timezone: z.string().meta({ description: 'Zone in which the times of the rows are shown: that of the file' }),
    site: ImportPlaces.shape.site,
    series: z
      .array(
        z.object({
          device: DataDevice,
          metric: SeriesMetric,
          label: z.string().meta({ description: 'Name of the metric for people' }),
          unit: z.string().meta({ description: 'Unit of the values, after conversion' }),
          kind: MetricKind,
          known: z.boolean().meta({ description: 'Whether the metric is in the catalogue' }),
        }),
      )
      .meta({ description: 'Series of the first rows' }),
    rows: z
      .array(
        z.object({
          timestamp: Instant,
          local_time: z.string().meta({
            description: 'The time on the clock of the zone, with its offset',
            examples: ['2026-03-27T00:00:00+01:00'],
          }),
          device: DataDevice,
          values: byName(z.number()).meta({ description: 'By metric, in the unit that `series` names' }),
        }),
      )
      .meta({ description: `The first rows, ${MAX_PREVIEW_ROWS} at most` }),
    counted_by: z.enum(['line', 'record']).meta({ description: 'What the positions of problems count' }),
    problems: z
      .array(z.object({ position: Position, detail: Detail }))
      .meta({ description: 'Rows and values that cannot be read' }),
  })
  .meta({ id: 'ImportPreview', description: 'What the first rows of a file become' });
export type ImportPreview = z.infer<typeof ImportPreview>;

export const ImportRunRequest = z
  .object({
    mapping: MappingText,
    dry_run: z.boolean().default(false).meta({ description: 'Read everything, write nothing' }),
    force: z.boolean().default(false).meta({ description: 'Import again what was imported before; nothing doubles' }),
  })
  .meta({ id: 'ImportRunRequest', description: 'How an uploaded file is imported' });

/** Parameters of the job `import`. */
export const ImportJobParams = ImportRunRequest.extend({ upload_id: z.uuid() });
export type ImportJobParams = z.infer<typeof ImportJobParams>;

export const ImportReport = z
  .object({
    counted_by: z.enum(['line', 'record']).meta({ description: 'What positions count' }),
    rows: Count.meta({ description: 'Rows of the file' }),
    outside_rows: Count.meta({ description: 'Rows of other tables of the file' }),
    accepted: Count.meta({ description: 'Values that were taken' }),
    already_there: Count.meta({ description: 'Values of rows that an earlier run brought in' }),
    quarantined: Count.meta({ description: 'Values that are implausible, kept apart for a decision' }),
    rejected: Count.meta({ description: 'Values or rows that cannot be read or kept' }),
    rejected_by: byName(
      z.object({
        count: Count.meta({ description: 'How many were rejected' }),
        positions: z.array(Position).meta({ description: 'The first of them' }),
      }),
    ).meta({ description: 'By reason' }),
    problems: z.array(z.object({ position: Position, detail: Detail })).meta({ description: 'The first of them' }),
    first: Instant.nullable().meta({ description: 'Earliest instant of the file' }),
    last: Instant.nullable().meta({ description: 'Latest instant of the file' }),
    ambiguous_times: Count.meta({ description: 'Rows in the hour that autumn repeats' }),
    skipped_times: Count.meta({ description: 'Rows in the hour that spring skips' }),
    ignored: Count.meta({ description: 'Values of names that the mapping ignores' }),
    absent_columns: z.array(z.string()).meta({ description: 'Mapped fields that no record has (JSON, XML)' }),
    more_series: z.boolean().meta({ description: 'Whether there are more series than are listed' }),
    series: z
      .array(
        z.object({
          device: DataDevice,
          metric: SeriesMetric,
          values: Count.meta({ description: 'Values of the series in the file' }),
          first: Instant.nullable().meta({ description: 'Earliest value; null: none was read' }),
          last: Instant.nullable().meta({ description: 'Latest value; null: none was read' }),
          interval_ms: z
            .number()
            .nullable()
            .meta({ description: 'Usual time between two values, ms; null: not known' }),
          duplicates: Count.meta({ description: 'Values at the same instant as the one before' }),
          out_of_order: Count.meta({ description: 'Values between others that came before them' }),
          gaps: z
            .object({
              count: Count.meta({ description: 'How many gaps there are' }),
              longest_ms: z.number().meta({ description: 'Longest gap, ms' }),
              total_ms: z.number().meta({ description: 'Length of all gaps, ms' }),
            })
            .meta({ description: 'Times without values' }),
        }),
      )
      .meta({ description: 'Series of the file' }),
  })
  .meta({ id: 'ImportReport', description: 'Counts and problems of an import' });
export type ImportReport = z.infer<typeof ImportReport>;

/** Result of the job `import`. */
export const ImportResult = z
  .object({
    file: z.string().meta({ description: 'Name of the file', examples: ['house-2025.csv'] }),
    dry_run: z.boolean().meta({ description: 'Whether the file was only read, and nothing written' }),
    already_imported: z
      .boolean()
      .meta({ description: 'The file was imported with this mapping before: nothing was done' }),
    site: ImportPlaces.shape.site.nullable().meta({ description: 'Site of the data; null where nothing was read' }),
    devices: ImportPlaces.shape.devices.meta({ description: 'Devices of the data, 1,000 at most' }),
    range: z
      .object({ start: Instant, end: Instant })
      .nullable()
      .meta({ description: 'Half-open window of the data, for a page that shows it; null where there is none' }),
    report: ImportReport.nullable().meta({ description: 'Counts and problems; null: the file was imported before' }),
  })
  .meta({ id: 'ImportResult', description: 'Result of an import' });
export type ImportResult = z.infer<typeof ImportResult>;
