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
  /** What the archive has now. */
  readonly list: () => Promise<readonly ArchivedObject[]>;
  /** Beside the backups of this machine. */
  readonly here: ArchiveCopies;
  /** Where backups are copied to; null where they are not. */
  readonly elsewhere: ArchiveCopies | null;
  /** Whether copies are made of what backups need. */
  readonly include: boolean;
}

/** The archived months as backups list them; backups do not contain them. An unavailable object store does not fail a backup: it is reported. */
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
   * What the card of a backup says of the archive; copies of its files are made first where that is wanted.
   * @param before the backup before it
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

  /** Sends the copies that are beside the backups here. */
  async send(folder: string, scratch: string, { signal, progress }: Work): Promise<void> {
    const { here, elsewhere } = this.#options;
    if (elsewhere === null) return;
    const files = (await here.files.names()).map((name) => ({ name, path: join(folder, name) }));
    await elsewhere.files.send(files, join(scratch, 'sent'), signal, (share, name) =>
      progress(share, `${name} → ${elsewhere.files.place}`),
    );
  }

  /** Where a restore, or (without bringing anything back) a verification looks for the archive's files. */
  target(bringBack: boolean): Omit<ArchiveTarget, 'scratch'> {
    const { objects, here, elsewhere } = this.#options;
    return { archive: objects, copies: elsewhere === null ? [here] : [here, elsewhere], bringBack };
  }

  /** Answers whether there are copies of all. */
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
