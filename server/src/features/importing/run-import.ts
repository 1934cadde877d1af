import { createHash } from 'node:crypto';
import { type ImportPlaces, type ImportSite, MAX_PLACED_DEVICES } from '@wattkeeper/contract/import.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { importFile } from '../../sources/import/import-file.ts';
import type { ImportReport } from '../../sources/import/import-report.ts';
import type { InputFile } from '../../sources/import/input-file.ts';
import { type Mapping, parseMapping } from '../../sources/import/mapping.ts';
import type { ImportTarget } from './import-target.ts';

/** Maximum number of devices in the result of an import. */
export const MAX_LISTED_DEVICES = 1000;

export interface RunOptions {
  readonly file: InputFile;
  /** Text of the mapping; part of the key of the import. */
  readonly mapping: string;
  /** Name of the mapping in messages. */
  readonly mappingName: string;
  /** Read everything, write nothing. */
  readonly dryRun: boolean;
  /** Import the file again even if it was imported before. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called after each piece, with the rows so far and the share of the file, 0 to 1. */
  readonly onProgress: OnProgress;
}

export interface RunOutcome {
  /** Rows of an earlier completed run, after which this run did nothing; null if this run read the file. */
  readonly importedBefore: number | null;
  readonly report: ImportReport | null;
  readonly site: ImportPlaces['site'] | null;
  readonly devices: ImportPlaces['devices'];
}

/** Imports a file into a target; an interrupted run continues where it stopped. */
export async function runImport(target: ImportTarget, options: RunOptions): Promise<RunOutcome> {
  const { file, dryRun, force, signal, onProgress } = options;
  const mapping = parseMapping(options.mapping, options.mappingName);
  const key = await keyOf(file, options.mapping);
  const kept = dryRun ? undefined : await target.progress(key);
  if (kept?.finished && !force) return { importedBefore: kept.rows, report: null, site: null, devices: [] };
  const skipRows = force ? 0 : (kept?.rows ?? 0);
  const placing = new Placing(target, mapping, dryRun);
  const report = await importFile({
    file,
    mapping,
    signal,
    unitOf: (metric) => target.unitOf(metric),
    sink: async (blocks) => {
      await placing.place(blocks);
      return dryRun ? null : target.take(blocks);
    },
    skipRows,
    onProgress: async (progress) => {
      onProgress(progress.share, `${progress.rows} rows`);
      if (!dryRun && progress.rows > skipRows) await target.note(key, { rows: progress.rows, finished: false });
    },
  });
  if (!dryRun) await target.note(key, { rows: report.rows, finished: true });
  return { importedBefore: null, report, ...placing.result() };
}

/** Key of an import: the checksums of the file and of the mapping. */
async function keyOf(file: InputFile, mapping: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of file.read().stream) hash.update(chunk as Buffer);
  return `${hash.digest('hex')}:${createHash('sha256').update(mapping).digest('hex')}`;
}

/** The site that a mapping names; null: the default site. */
export function siteOf({ site }: Mapping): ImportSite | null {
  if (site === undefined) return null;
  return typeof site === 'string' ? { name: site } : site;
}

/** The intervals that a mapping states for the metrics of a device. */
function intervalsOf({ columns, long, device, device_column: deviceColumn }: Mapping, name: string) {
  const all = [...Object.values(columns), ...Object.values(long?.metrics ?? {})];
  const ofDevice = all.filter((column) => (column.device ?? (deviceColumn === undefined ? device : name)) === name);
  return Object.fromEntries(ofDevice.flatMap(({ metric, per }) => (per === undefined ? [] : [[metric, per]])));
}

/** Registers the devices of blocks before their values are stored. */
class Placing {
  readonly #target: ImportTarget;
  readonly #mapping: Mapping;
  readonly #dryRun: boolean;
  readonly #seen = new Set<string>();
  #site: ImportPlaces['site'] | null = null;
  readonly #devices: ImportPlaces['devices'] = [];

  constructor(target: ImportTarget, mapping: Mapping, dryRun: boolean) {
    this.#target = target;
    this.#mapping = mapping;
    this.#dryRun = dryRun;
  }

  async place(blocks: readonly Block[]): Promise<void> {
    const names = [...new Set(blocks.flatMap(({ devices }) => devices))].filter((name) => !this.#seen.has(name));
    for (let from = 0; from < names.length; from += MAX_PLACED_DEVICES)
      await this.#ask(names.slice(from, from + MAX_PLACED_DEVICES));
  }

  result(): Pick<RunOutcome, 'site' | 'devices'> {
    return { site: this.#site, devices: this.#devices };
  }

  async #ask(names: readonly string[]): Promise<void> {
    const { kind, devices, timestamp } = this.#mapping;
    const own = new Map(Object.entries(devices));
    const placed = await this.#target.place({
      site: siteOf(this.#mapping),
      timezone: timestamp.timezone,
      devices: names.map((name) => {
        const { intervals, ...device } = own.get(name) ?? {};
        return {
          ...(kind && { kind }),
          ...device,
          name,
          intervals: { ...intervalsOf(this.#mapping, name), ...intervals },
        };
      }),
      dry_run: this.#dryRun,
    });
    for (const name of names) this.#seen.add(name);
    if (placed === null) return;
    this.#site = this.#site?.created ? { ...placed.site, created: true } : placed.site;
    this.#devices.push(...placed.devices.slice(0, MAX_LISTED_DEVICES - this.#devices.length));
  }
}
