import { join } from 'node:path';
import type { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { ExpectedError } from '../../domain/errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { ArchiveCopies } from '../../storage/archive/archive-copies.ts';
import { type ArchivedObject, type ArchiveManifest, archiveSource } from '../../storage/archive/archived-objects.ts';
import type { ObjectStore } from '../../storage/objects/object-store.ts';
import type { ArchiveTarget } from '../../storage/restore/restore.ts';

type Work = Pick<JobContext, 'signal' | 'progress'>;

export interface BackedUpArchiveOptions {
  readonly objects: ObjectStore;
  /** Lists the files that are in the archive now. */
  readonly list: () => Promise<readonly ArchivedObject[]>;
  /** The copies next to the local backups. */
  readonly here: ArchiveCopies;
  /** The copies at the destination of backup copies; null without one. */
  readonly elsewhere: ArchiveCopies | null;
  /** Whether archived files that backups need are copied. */
  readonly include: boolean;
}

/** The list of archived months in a backup; their files are not part of it. An unavailable object store is reported as a warning; the backup succeeds. */
export class BackedUpArchive {
  readonly #options: BackedUpArchiveOptions;
  #listWarning: string | null = null;
  #copyWarning: string | null = null;
  #lossWarning: string | null = null;

  constructor(options: BackedUpArchiveOptions) {
    this.#options = options;
  }

  warnings(): string[] {
    return [this.#listWarning, this.#copyWarning, this.#lossWarning].filter((warning) => warning !== null);
  }

  async manifest(): Promise<ArchiveManifest> {
    const { objects, list } = this.#options;
    try {
      const found = (await list()).map(({ key, sha256, bytes }) => ({ key, sha256, bytes }));
      this.#listWarning = null;
      return { place: objects.place, objects: found };
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      this.#listWarning = `the newest backup does not tell what is in the archive: ${error.message}`;
      return { place: objects.place, objects: null };
    }
  }

  /**
   * Returns the archive's entry in the card of a backup, after copying the archived files if configured.
   * @param before the previous backup
   * @param scratch folder for files that are being copied
   */
  async describe(
    { place, objects }: ArchiveManifest,
    before: Backup | undefined,
    scratch: string,
    work: Work,
  ): Promise<Backup['archive']> {
    if (objects === null) return null;
    const had = before?.archive?.place === place ? before.archive.objects : 0;
    this.#lossWarning =
      objects.length < had
        ? `the archive in ${place} has ${objects.length} files, and had ${had} when ${before?.name} was made: verify that backup to see which are gone`
        : null;
    const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
    return { place, objects: objects.length, bytes, included: await this.#include(objects, scratch, work) };
  }

  /** Sends the copies next to the local backups to the destination of backup copies. */
  async send(folder: string, scratch: string, { signal, progress }: Work): Promise<void> {
    const { here, elsewhere } = this.#options;
    if (elsewhere === null) return;
    const files = (await here.files.names()).map((name) => ({ name, path: join(folder, name) }));
    await elsewhere.files.send(files, join(scratch, 'sent'), signal, (share, name) =>
      progress(share, `${name} → ${elsewhere.files.place}`),
    );
  }

  /** The places where a restore or a verification looks for archived files; a verification brings none back. */
  target(bringBack: boolean): Omit<ArchiveTarget, 'scratch'> {
    const { objects, here, elsewhere } = this.#options;
    return { archive: objects, copies: elsewhere === null ? [here] : [here, elsewhere], bringBack };
  }

  /** Copies missing files; returns whether every file has a copy. */
  async #include(objects: readonly ArchivedObject[], scratch: string, { signal, progress }: Work): Promise<boolean> {
    const { include, here } = this.#options;
    if (!include) return false;
    try {
      const source = archiveSource(this.#options.objects);
      const lacking = await here.lacking(objects);
      for (const [i, object] of lacking.entries()) {
        progress(i / lacking.length, object.key);
        const file = join(scratch, 'archived.parquet');
        await source.fetch(object, file);
        await here.add(object, file, signal);
      }
      this.#copyWarning = null;
      return true;
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      this.#copyWarning = `not every archived file has a copy beside the backups: ${error.message}`;
      return false;
    }
  }
}
