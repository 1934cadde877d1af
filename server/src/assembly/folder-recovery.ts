import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { LOCAL_DATABASE, recordsLocation } from '../config/records-location.ts';
import type { Config } from '../config/schema.ts';
import type { AcceptedBatch, Batch, Block } from '../domain/columns/batch.ts';
import { messageOf } from '../domain/errors.ts';
import { DeviceDirectory } from '../features/devices/device-directory.ts';
import type { FallbackJournal } from '../ingest/fallback-journal.ts';
import type { Quarantined } from '../ingest/journal.ts';
import { type DiskJournal, openSqliteJournal, type PlacedBatch } from '../ingest/sqlite-journal.ts';
import { type DataFolder, openDataFolder } from '../storage/data-folder.ts';
import { openTelemetryStore, placeOf } from '../storage/open-store.ts';
import { checkDatabase } from '../storage/records/engine/sqlite-file.ts';
import { openRecords } from '../storage/records/record-store.ts';
import type { Pipeline } from './pipeline.ts';
import { isInFolder } from './stores.ts';

const LOOK_EVERY_MS = 1_000;
/** The files at the path of the data folder must be unchanged for this long: a user may still be moving or copying them. */
const SETTLED_MS = 3_000;
const MAX_BATCHES_PER_COMMIT = 200;

export interface FolderRecoveryOptions {
  readonly pipeline: Pipeline;
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  /** Called when all data in memory has been written to the folder: close the service and start it on the folder. */
  readonly onMoved: () => void;
}

/**
 * Moves the service to the folder at the path of its data folder after the original was removed or replaced. A removed folder is created again
 * with the records and the journal, whose files the operating system retains while they are open. A replacement folder is used with its own
 * records. In both cases the data in memory is written to the folder: the last hours, and batches that a store has not confirmed.
 *
 * If the file system of the folder is missing too (an unmounted disk), no folder is created below its mount point: the service waits for the disk.
 */
export class FolderRecovery {
  readonly #options: FolderRecoveryOptions;
  readonly #fileSystem: bigint | null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #seen = { what: '', since: 0 };
  #problem: string | null = null;
  #closed = false;

  constructor(options: FolderRecoveryOptions) {
    this.#options = options;
    this.#fileSystem = fileSystemOf(options.config.data_dir);
  }

  start(): void {
    const { fallback } = this.#options.pipeline;
    if (fallback) this.#lookLater(fallback);
  }

  /** The reason why the folder at the path cannot be used. */
  warnings(): string[] {
    return this.#problem === null ? [] : [this.#problem];
  }

  /** A stop is the last opportunity to write the data in memory to the folder. */
  async close(): Promise<void> {
    const moved = this.#closed;
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#looking;
    const { fallback } = this.#options.pipeline;
    if (moved || !fallback) return;
    try {
      if (this.#mayMove(fallback) && !this.#isThere()) await this.#tryToMove(fallback);
    } catch (error) {
      this.#noteUnusable(error);
    }
  }

  #lookLater(journal: FallbackJournal): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look(journal)
        .catch((error: unknown) => this.#noteUnusable(error))
        .finally(() => {
          if (!this.#closed) this.#lookLater(journal);
        });
    }, LOOK_EVERY_MS).unref();
  }

  async #look(journal: FallbackJournal): Promise<void> {
    if (!journal.trouble?.gone) this.#problem = null;
    if (!this.#mayMove(journal) || !this.#hasSettled() || !(await this.#tryToMove(journal))) return;
    this.#closed = true;
    this.#options.onMoved();
  }

  async #tryToMove(journal: FallbackJournal): Promise<boolean> {
    const { config, log } = this.#options;
    try {
      await this.#move(journal);
      log.warn(`the data folder ${config.data_dir} was removed or replaced: the one that is there now is used`);
      return true;
    } catch (error) {
      this.#noteUnusable(error);
      this.#seen = { what: '', since: 0 };
      return false;
    }
  }

  /** Records why the path cannot be used: not a folder, no permission, a disk error or another reason. Logs each reason once. */
  #noteUnusable(error: unknown): void {
    const { config, log } = this.#options;
    const problem = `what is at ${config.data_dir} now cannot be used as the data folder: ${messageOf(error)}`;
    if (problem !== this.#problem) log.error({ err: error }, problem);
    this.#problem = problem;
  }

  /** While persistence is switched off, data in memory must not be written. */
  #mayMove(journal: FallbackJournal): boolean {
    if (!journal.trouble?.gone || !this.#options.pipeline.ingest.persists) return false;
    return this.#isThere() || fileSystemOf(this.#options.config.data_dir) === this.#fileSystem;
  }

  #isThere(): boolean {
    return existsSync(resolve(this.#options.config.data_dir, LOCAL_DATABASE));
  }

  #hasSettled(): boolean {
    const what = stateOf(this.#options.config.data_dir);
    if (what !== this.#seen.what) this.#seen = { what, since: performance.now() };
    return performance.now() - this.#seen.since >= SETTLED_MS;
  }

  async #move(journal: FallbackJournal): Promise<void> {
    const { config, pipeline } = this.#options;
    const folder = openDataFolder(config.data_dir);
    try {
      const isNew = !existsSync(folder.file(LOCAL_DATABASE));
      await journal.handOver(async (held) => {
        if (isNew) await copyDatabase(journal, folder);
        else await takeInLogs(folder, config);
        await this.#copyReadings(held, folder, isNew ? journal.head() : 0);
        pipeline.ingest.stopAccepting();
      });
    } finally {
      folder.release();
    }
  }

  /** @param head sequences up to this one are already used: a copy of the database continues the numbering of the original */
  async #copyReadings(held: readonly PlacedBatch[], folder: DataFolder, head: number): Promise<void> {
    const { config, log, now, pipeline } = this.#options;
    const records = await openRecords(recordsLocation(config), { warn: (message) => log.warn(message) });
    try {
      const disk = await openSqliteJournal(folder.file(LOCAL_DATABASE), now);
      try {
        const target = new Target(disk, await this.#idsIn(records), { head: Math.max(disk.head(), head), now });
        for (const block of pipeline.window.blocks()) await target.add([block]);
        // Added after the window, because these batches may erase its values.
        for await (const { blocks } of this.#unconfirmed(held[0]?.sequence)) await target.add(blocks);
        for (const { blocks, quarantined } of held) await target.add(blocks, quarantined);
        await target.flush();
      } finally {
        await disk.close();
      }
    } finally {
      await records.close();
    }
  }

  /** Batches that a store has not confirmed, up to but excluding this sequence, as far as they are readable. */
  async *#unconfirmed(before = Number.POSITIVE_INFINITY): AsyncGenerator<AcceptedBatch> {
    const { log, pipeline } = this.#options;
    try {
      for await (const batch of pipeline.ingest.unconfirmed()) if (batch.sequence < before) yield batch;
    } catch (error) {
      log.error({ err: error }, 'the journal of the removed data folder cannot be read; memory has the last hours');
    }
  }

  /** Maps the id of a device of this service to its id in other records. Devices match by name and labels. */
  async #idsIn(records: Pipeline['records']): Promise<(id: string) => Promise<string>> {
    const { log, pipeline } = this.#options;
    const directory = new DeviceDirectory(records, (error) => log.error({ err: error }, 'a device is not on record'));
    await directory.load();
    return async (id) => {
      const known = pipeline.directory.find(id);
      if (directory.find(id) !== undefined || known === undefined) return id;
      return (await directory.resolve([known.name], () => known.labels))[0]!;
    };
  }
}

/** Writes batches to the journal of another folder, in order. */
class Target {
  readonly #disk: DiskJournal;
  readonly #idOf: (id: string) => Promise<string>;
  readonly #now: () => number;
  #sequence: number;
  #group: PlacedBatch[] = [];

  constructor(disk: DiskJournal, idOf: (id: string) => Promise<string>, from: { head: number; now: () => number }) {
    this.#disk = disk;
    this.#idOf = idOf;
    this.#now = from.now;
    this.#sequence = from.head;
  }

  async add(blocks: Batch['blocks'], quarantined: readonly Quarantined[] = []): Promise<void> {
    this.#group.push({
      sequence: ++this.#sequence,
      blocks: await Promise.all(blocks.map((block) => this.#renamed(block))),
      quarantined: await Promise.all(
        quarantined.map(async (value) => ({ ...value, deviceId: await this.#idOf(value.deviceId) })),
      ),
      receivedAt: this.#now(),
    });
    if (this.#group.length >= MAX_BATCHES_PER_COMMIT) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#group.length > 0) await this.#disk.write(this.#group.splice(0));
  }

  async #renamed(block: Block): Promise<Block> {
    const devices: string[] = [];
    for (const id of block.devices) devices.push(await this.#idOf(id));
    return { ...block, devices };
  }
}

/** Returns a fingerprint of a folder's files: equal as long as they are unchanged. */
function stateOf(folder: string): string {
  if (!existsSync(folder)) return 'none';
  const files = readdirSync(folder).map((name) => {
    const found = statSync(resolve(folder, name), { bigint: true, throwIfNoEntry: false });
    return `${name} ${found?.ino} ${found?.size} ${found?.mtimeNs}`;
  });
  return files.join('\n');
}

/** Copies the complete database or nothing. */
async function copyDatabase(journal: FallbackJournal, folder: DataFolder): Promise<void> {
  const partial = folder.file(`${LOCAL_DATABASE}.partial`);
  rmSync(partial, { force: true });
  await journal.copyTo(partial);
  renameSync(partial, folder.file(LOCAL_DATABASE));
}

/**
 * Applies the write-ahead logs of another folder's databases to them. An engine deletes the log at its path when it closes, and the engines of
 * the removed folder, which close later, use the same paths.
 */
async function takeInLogs(folder: DataFolder, config: Config): Promise<void> {
  checkDatabase(folder.file(LOCAL_DATABASE));
  for (const store of config.stores.filter((one) => isInFolder(one, folder))) {
    const path = placeOf(store, folder.path);
    if (!['.wal', '-wal'].some((suffix) => existsSync(path + suffix))) continue;
    await (await openTelemetryStore(store, folder.path)).close();
  }
}

/** The id of the file system of a folder, or of its closest existing ancestor. */
function fileSystemOf(path: string): bigint | null {
  const folder = resolve(path);
  const found = statSync(folder, { bigint: true, throwIfNoEntry: false });
  if (found) return found.dev;
  return dirname(folder) === folder ? null : fileSystemOf(dirname(folder));
}
