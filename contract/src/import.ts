import { z } from 'zod';
import { GivenName, Instant, Name } from './common.ts';
import { DeviceKind, DevicePatch } from './device.ts';
import { CurrencyCode, EntryId, SeriesMetric, SiteName, TimeZoneName } from './fields.ts';
import { MetricKind } from './metric.ts';
import { byName } from './named-record.ts';
import { Currency, SitePatch, TimeZone } from './site.ts';

/** Identity of an import: SHA-256 of the file and of the mapping, in hex. */
export const ImportKey = z
  .string()
  .regex(/^[0-9a-f]{64}:[0-9a-f]{64}$/, 'must be two SHA-256 sums in hex with a colon between them')
  .meta({ description: 'SHA-256 of the file and of its mapping, in hex, with a colon between them' });

export const ImportProgress = z
  .object({
    rows: z.number().int().nonnegative().meta({ description: 'Rows of the file that are acknowledged' }),
    finished: z.boolean().meta({ description: 'Whether the whole file has been imported' }),
  })
  .meta({ id: 'ImportProgress', description: 'Progress of the import of a file' });
export type ImportProgress = z.infer<typeof ImportProgress>;

/** Maximum size of an uploaded file; larger files require the command `import`. */
export const MAX_UPLOAD_BYTES = 1024 * 1024 * 1024;
/** Maximum size of an upload part: below the default limit of reverse proxies. */
export const MAX_UPLOAD_PART_BYTES = 1_000_000;
/** Maximum length of a mapping. */
export const MAX_MAPPING_CHARACTERS = 1_000_000;
/** Maximum number of rows in a preview and in a sample. */
export const MAX_PREVIEW_ROWS = 50;
/** Maximum number of devices in one request for the places of an import. */
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
  .meta({ id: 'ImportUploadCreate', description: 'A file announced before its parts are sent' });

export const ImportUpload = z
  .object({
    id: EntryId.meta({ description: 'Id of the upload' }),
    name: z.string().meta({ description: 'Name of the file', examples: ['house-2025.csv'] }),
    bytes: z.number().int().meta({ description: 'Size of the file, bytes' }),
    received: z.number().int().meta({ description: 'Bytes received so far: the next part starts here' }),
    complete: z.boolean().meta({ description: 'Whether the whole file has arrived' }),
    max_part_bytes: z.number().int().meta({ description: 'Largest part, bytes' }),
    expires_at: Instant.meta({ description: 'Expiry, extended by each use' }),
  })
  .meta({
    id: 'ImportUpload',
    description: 'A file being uploaded, stored until it is imported or expires',
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
    timezone: TimeZone.optional().meta({ description: "Time zone of times without an offset; default: the site's" }),
    site: Name.optional().meta({
      description: 'Site of the data, by name or id; created if unknown',
    }),
    currency: Currency.optional().meta({ description: 'Currency of a new site', examples: ['PLN'] }),
  })
  .meta({ id: 'ImportDetectionRequest', description: 'Known properties of a file whose format is detected' });
export type ImportDetectionRequest = z.infer<typeof ImportDetectionRequest>;

export const ImportDetection = z
  .object({
    format: z.enum(['table', 'nem12', 'json', 'green_button']).meta({ description: 'Format of the file' }),
    mapping: z.looseObject({}).meta({ description: 'The mapping, as described in docs/import.md' }),
    text: z.string().meta({ description: 'The mapping as YAML, with the notes as comments' }),
    notes: z.array(z.string()).meta({ description: 'Points for the user to check' }),
    sample: z
      .object({
        columns: z.array(z.string()).meta({ description: 'Columns of the file' }),
        rows: z.array(z.array(z.string())).meta({ description: 'First rows as in the file' }),
      })
      .meta({ description: 'The start of the table in the file' }),
  })
  .meta({ id: 'ImportDetection', description: 'The detected format and mapping of a file' });
export type ImportDetection = z.infer<typeof ImportDetection>;

const MappingText = z
  .string()
  .min(1)
  .max(MAX_MAPPING_CHARACTERS)
  .meta({ description: 'Assignment of columns to metrics, as YAML or JSON (docs/import.md)' });

export const ImportPreviewRequest = z
  .object({ mapping: MappingText })
  .meta({ id: 'ImportPreviewRequest', description: 'A mapping to apply to the first rows of a file' });

/** The site of imported data, as in a mapping. */
export const ImportSite = z
  .strictObject({
    name: Name.meta({ description: 'Site, found by name or id, otherwise created', examples: ['Works'] }),
    timezone: TimeZone.optional().meta({ description: "IANA time zone; default: the zone of the file's times" }),
    currency: Currency.optional().meta({ description: 'ISO 4217 currency; default: EUR' }),
    country: SitePatch.shape.country.meta({ description: 'ISO 3166 country', examples: ['PL'] }),
    latitude: SitePatch.shape.latitude.meta({ description: 'Degrees north' }),
    longitude: SitePatch.shape.longitude.meta({ description: 'Degrees east' }),
  })
  .meta({ id: 'ImportSite', description: 'Site of imported data: found by its name or id, otherwise created' });
export type ImportSite = z.infer<typeof ImportSite>;

/** Properties of a device of imported data; used if the device is new. */
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
    timezone: TimeZone.meta({ description: 'Time zone of a created site without its own' }),
    devices: z
      .array(ImportDevice.extend({ name: GivenName }))
      .max(MAX_PLACED_DEVICES)
      .meta({ description: 'Devices of the data, by name' }),
    dry_run: z.boolean().default(false).meta({ description: 'Preview only, create nothing' }),
  })
  .meta({ id: 'ImportPlacesRequest', description: 'Site and devices of imported data' });
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
        created: z.boolean().meta({ description: 'Whether the import created it, or in a dry run would create it' }),
      })
      .meta({ description: 'Site of the data' }),
    devices: z
      .array(
        z.object({
          id: z.uuid().nullable().meta({ description: 'Id of the device; null: it does not exist yet' }),
          name: DataDevice,
          kind: DeviceKind,
          created: z.boolean().meta({ description: 'Whether the import created it, or in a dry run would create it' }),
        }),
      )
      .meta({ description: 'Devices of the data' }),
  })
  .meta({ id: 'ImportPlaces', description: 'Site and devices of imported data' });
export type ImportPlaces = z.infer<typeof ImportPlaces>;

const Count = z.number().int().nonnegative();
const Position = z
  .number()
  .int()
  .meta({ description: 'Line or record of the file, from 1', examples: [17] });
const Detail = z.string().meta({ description: 'The error, and the allowed values' });

export const ImportPreview = z
  .object({
    timezone: z.string().meta({ description: 'Time zone of the displayed times of rows: that of the file' }),
    site: ImportPlaces.shape.site,
    series: z
      .array(
        z.object({
          device: DataDevice,
          metric: SeriesMetric,
          label: z.string().meta({ description: 'Display name of the metric' }),
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
            description: 'Local time in the time zone, with its offset',
            examples: ['2026-03-27T00:00:00+01:00'],
          }),
          device: DataDevice,
          values: byName(z.number()).meta({ description: 'Values by metric, in the unit given in `series`' }),
        }),
      )
      .meta({ description: `The first rows, ${MAX_PREVIEW_ROWS} at most` }),
    counted_by: z.enum(['line', 'record']).meta({ description: 'Unit of the positions of problems' }),
    problems: z
      .array(z.object({ position: Position, detail: Detail }))
      .meta({ description: 'Rows and values that cannot be read' }),
  })
  .meta({ id: 'ImportPreview', description: 'Result of a mapping for the first rows of a file' });
export type ImportPreview = z.infer<typeof ImportPreview>;

export const ImportRunRequest = z
  .object({
    mapping: MappingText,
    dry_run: z.boolean().default(false).meta({ description: 'Read everything, write nothing' }),
    force: z
      .boolean()
      .default(false)
      .meta({ description: 'Import again a file that was imported before; nothing is duplicated' }),
  })
  .meta({ id: 'ImportRunRequest', description: 'Options of the import of an uploaded file' });

/** Parameters of the job `import`. */
export const ImportJobParams = ImportRunRequest.extend({ upload_id: z.uuid() });
export type ImportJobParams = z.infer<typeof ImportJobParams>;

export const ImportReport = z
  .object({
    counted_by: z.enum(['line', 'record']).meta({ description: 'Unit of positions' }),
    rows: Count.meta({ description: 'Rows of the file' }),
    outside_rows: Count.meta({ description: 'Rows of other tables of the file' }),
    accepted: Count.meta({ description: 'Number of accepted values' }),
    already_there: Count.meta({ description: 'Number of values of rows that an earlier run imported' }),
    quarantined: Count.meta({ description: 'Number of implausible values, stored in the quarantine' }),
    rejected: Count.meta({ description: 'Number of values or rows that cannot be read or stored' }),
    rejected_by: byName(
      z.object({
        count: Count.meta({ description: 'Number of rejections' }),
        positions: z.array(Position).meta({ description: 'The first positions' }),
      }),
    ).meta({ description: 'By reason' }),
    problems: z.array(z.object({ position: Position, detail: Detail })).meta({ description: 'The first problems' }),
    first: Instant.nullable().meta({ description: 'Earliest instant of the file' }),
    last: Instant.nullable().meta({ description: 'Latest instant of the file' }),
    ambiguous_times: Count.meta({ description: 'Rows in an hour that the clock repeats' }),
    skipped_times: Count.meta({ description: 'Rows in an hour that the clock skips' }),
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
          duplicates: Count.meta({ description: 'Values at the same instant as the preceding one' }),
          out_of_order: Count.meta({ description: 'Values between the instants of earlier ones' }),
          gaps: z
            .object({
              count: Count.meta({ description: 'Number of gaps' }),
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
      .meta({ description: 'Whether the file had already been imported with this mapping, so that nothing was done' }),
    site: ImportPlaces.shape.site.nullable().meta({ description: 'Site of the data; null: nothing was read' }),
    devices: ImportPlaces.shape.devices.meta({ description: 'Devices of the data, 1,000 at most' }),
    range: z
      .object({ start: Instant, end: Instant })
      .nullable()
      .meta({ description: 'Half-open window of the data, for links; null: no data' }),
    report: ImportReport.nullable().meta({ description: 'Counts and problems; null: the file was imported before' }),
  })
  .meta({ id: 'ImportResult', description: 'Result of an import' });
export type ImportResult = z.infer<typeof ImportResult>;
