import { formatInstant } from '@wattkeeper/contract/common.ts';
import type {
  ImportDetection,
  ImportDetectionRequest,
  ImportJobParams,
  ImportPreview,
  ImportResult,
} from '@wattkeeper/contract/import.ts';
import { MAX_PREVIEW_ROWS } from '@wattkeeper/contract/import.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { localIso } from '../../domain/time/site-time.ts';
import { detectMapping, mappingText } from '../../sources/import/detect/detect.ts';
import { importFile } from '../../sources/import/import-file.ts';
import { type ImportReport, reportToJson } from '../../sources/import/import-report.ts';
import type { InputFile } from '../../sources/import/input-file.ts';
import { type Mapping, parseMapping } from '../../sources/import/mapping.ts';
import { HEAD_BYTES } from '../../sources/import/record-source.ts';
import type { Sites } from '../../storage/records/devices/sites.ts';
import type { ImportTarget } from './import-target.ts';
import type { Places } from './places.ts';
import { runImport, siteOf } from './run-import.ts';
import type { Uploads } from './uploads.ts';

export interface ImportingOptions {
  readonly uploads: Uploads;
  readonly target: ImportTarget;
  readonly places: Places;
  readonly catalogue: MetricCatalogue;
  readonly sites: Sites;
}

/** Maximum number of series in the result of a job. */
const MAX_LISTED_SERIES = 1000;
const MAPPING_NAME = 'of the request';

/** Uploaded files: detection of their format, a preview of their first rows, and their import. */
export class ImportingService {
  readonly uploads: Uploads;
  readonly #options: ImportingOptions;

  constructor(options: ImportingOptions) {
    this.uploads = options.uploads;
    this.#options = options;
  }

  /** Detects the format of a file. @throws InvalidInput if it contains no table */
  detect(id: string, request: ImportDetectionRequest): Promise<ImportDetection> {
    return this.uploads.useStart(id, HEAD_BYTES, (file) => this.#detect(file, request));
  }

  async #detect(file: InputFile, { timezone, site, currency }: ImportDetectionRequest): Promise<ImportDetection> {
    const known = site === undefined ? undefined : await this.#options.sites.find(site);
    const { sample, ...detected } = await detectMapping(file, {
      timezone: timezone ?? known?.timezone ?? 'UTC',
      site: known?.name ?? site,
      currency: known?.currency ?? currency,
    });
    return { ...detected, notes: [...detected.notes], text: mappingText(detected), sample };
  }

  /** A preview of the first rows of a file. @throws InvalidInput for a mapping that does not fit the file */
  preview(id: string, text: string): Promise<ImportPreview> {
    return this.uploads.useStart(id, HEAD_BYTES, (file) => this.#preview(file, parseMapping(text, MAPPING_NAME)));
  }

  async #preview(file: InputFile, mapping: Mapping): Promise<ImportPreview> {
    const { target, places, catalogue } = this.#options;
    const blocks: Block[] = [];
    const report = await importFile({
      file,
      mapping,
      maxRows: MAX_PREVIEW_ROWS,
      unitOf: (metric) => target.unitOf(metric),
      sink: async (given) => {
        blocks.push(...given);
        return null;
      },
      skipRows: 0,
      onProgress: async () => {},
    });
    const { timezone } = mapping.timestamp;
    const { site } = await places.place({ site: siteOf(mapping), timezone, devices: [], dry_run: true });
    return {
      timezone,
      site,
      series: report.series.map(({ device, metric }) => {
        const { label, unit, kind } = catalogue.describe(metric);
        return { device, metric, label, unit, kind, known: catalogue.get(metric) !== undefined };
      }),
      rows: rowsOf(blocks, timezone).slice(0, MAX_PREVIEW_ROWS),
      counted_by: report.counted_by,
      problems: [...report.problems],
    };
  }

  /** Rejects an invalid import before the job starts. @throws NotFound, Conflict, InvalidInput */
  check({ upload_id: id, mapping }: ImportJobParams): void {
    this.uploads.checkComplete(id);
    parseMapping(mapping, MAPPING_NAME);
  }

  /** Imports an uploaded file. */
  async run(
    { upload_id: id, mapping, dry_run: dryRun, force }: ImportJobParams,
    { signal, progress }: { signal: AbortSignal; progress: OnProgress },
  ): Promise<ImportResult> {
    return this.uploads.use(id, async (file) => {
      const outcome = await runImport(this.#options.target, {
        file,
        mapping,
        mappingName: MAPPING_NAME,
        dryRun,
        force,
        signal,
        onProgress: progress,
      });
      const { report, site, devices, importedBefore } = outcome;
      return {
        file: file.name,
        dry_run: dryRun,
        already_imported: importedBefore !== null,
        site,
        devices: [...devices],
        range: report && rangeOf(report),
        report: report && limited(reportToJson(report)),
      };
    });
  }
}

/** The window of the values of a file, including the interval of the last one. */
function rangeOf({ series }: Pick<ImportReport, 'series'>): ImportResult['range'] {
  const starts = series.flatMap(({ first }) => (first === null ? [] : [first]));
  if (starts.length === 0) return null;
  const ends = series.flatMap(({ last, interval_ms: intervalMs }) => (last === null ? [] : [last + (intervalMs ?? 1)]));
  return {
    start: formatInstant(starts.reduce((least, one) => Math.min(least, one))),
    end: formatInstant(ends.reduce((most, one) => Math.max(most, one))),
  };
}

function limited(report: ReturnType<typeof reportToJson>) {
  const hasMore = report.more_series || report.series.length > MAX_LISTED_SERIES;
  return { ...report, series: report.series.slice(0, MAX_LISTED_SERIES), more_series: hasMore };
}

/** Returns one row per device and instant, in the order of the file. */
function rowsOf(blocks: readonly Block[], timezone: string): ImportPreview['rows'] {
  const rows = new Map<string, { timestamp: number; device: string; values: Map<string, number> }>();
  for (const { group, quantities, devices, device, timestamps, columns } of blocks) {
    for (const [r, timestamp] of timestamps.entries()) {
      const name = devices[device[r]!]!;
      for (const [c, column] of columns.entries()) {
        if (Number.isNaN(column[r])) continue;
        const key = `${timestamp} ${name}`;
        const row = rows.get(key) ?? { timestamp, device: name, values: new Map() };
        rows.set(key, row);
        row.values.set(`${group}.${quantities[c]}`, column[r]!);
      }
    }
  }
  return Array.from(rows.values(), ({ timestamp, device, values }) => ({
    timestamp: formatInstant(timestamp),
    local_time: localIso(timestamp, timezone),
    device,
    values: Object.fromEntries(values),
  }));
}
