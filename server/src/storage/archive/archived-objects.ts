import { rm } from 'node:fs/promises';
import { Corrupt, InvalidInput, NotFound } from '../../domain/errors.ts';
import { sha256Of } from '../file-digest.ts';
import type { ObjectStore } from '../objects/object-store.ts';

/** A file of the archive as listed in a backup. */
export interface ArchivedObject {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The entry `archive.json` of a backup: the files of the archive at the end of the backup. */
export interface ArchiveManifest {
  readonly place: string;
  /** null: the place did not answer when the backup was made. */
  readonly objects: readonly ArchivedObject[] | null;
}

/** A source of files of the archive. */
export interface ObjectSource {
  /** Writes an object to a file. @throws NotFound; Corrupt when it differs from the stored one; Unavailable */
  fetch(object: ArchivedObject, file: string): Promise<void>;
}

/** Places where a restore searches files of the archive. */
export interface ArchivePlaces {
  /** The archive of the restored service; null without one. */
  readonly archive: ObjectStore | null;
  /** Searched in order for files that the archive lacks. */
  readonly copies: readonly ObjectSource[];
}

/** The files that a backup needs. */
export interface LocatedArchive {
  /** Number of files. */
  readonly objects: number;
  /** Files that are missing or damaged in the archive, with the source of an intact copy. */
  readonly elsewhere: ReadonlyMap<ArchivedObject, ObjectSource>;
}

/** Maximum number of files named in an error. */
const NAMED = 5;

/** The archive as a source: each file is compared with its SHA-256. */
export function archiveSource(objects: ObjectStore): ObjectSource {
  return {
    fetch: async ({ key, sha256 }, file) => {
      await objects.fetch(key, file);
      const found = await sha256Of(file);
      if (found !== sha256) throw new Corrupt(`${key} in ${objects.place} is damaged: its SHA-256 is ${found}`);
    },
  };
}

/**
 * Searches every file that a backup lists, and reads each to its end; changes nothing.
 * @param scratch path of a temporary file
 * @throws Corrupt with the files that have no intact copy, InvalidInput when no archive is configured, Unavailable while a place does not
 * answer
 */
export async function locateArchive(
  { place, objects }: ArchiveManifest,
  { archive, copies }: ArchivePlaces,
  scratch: string,
  signal: AbortSignal,
): Promise<LocatedArchive | null> {
  if (objects === null) return null;
  if (archive === null && objects.length > 0) {
    throw new InvalidInput(
      `the backup needs ${objects.length} files of the archive in ${place}, and no archive is configured: set archive.store, or restore without the archive`,
    );
  }
  const elsewhere = new Map<ArchivedObject, ObjectSource>();
  const lacking: string[] = [];
  for (const object of objects) {
    signal.throwIfAborted();
    const own = archiveSource(archive as ObjectStore);
    const state = await stateIn(own, object, scratch);
    if (state === 'whole') continue;
    const copy = await firstWhole(copies, object, scratch);
    if (copy === null) lacking.push(`${object.key} is ${state}`);
    else elsewhere.set(object, copy);
  }
  await rm(scratch, { force: true });
  if (lacking.length === 0) return { objects: objects.length, elsewhere };
  const more = lacking.length > NAMED ? `; and ${lacking.length - NAMED} more` : '';
  throw new Corrupt(
    `the archive ${archive?.place} lacks ${lacking.length} of the ${objects.length} files that the backup needs, and no intact copy of them was found: ${lacking.slice(0, NAMED).join('; ')}${more}. Put them back there, or restore without the archive`,
  );
}

/** Restores missing files of the archive, and verifies them. Returns their number. */
export async function bringArchiveBack(
  { elsewhere }: LocatedArchive,
  archive: ObjectStore,
  scratch: string,
  signal: AbortSignal,
): Promise<number> {
  for (const [object, source] of elsewhere) {
    signal.throwIfAborted();
    await source.fetch(object, scratch);
    await archive.put(object.key, scratch);
    await archiveSource(archive).fetch(object, scratch);
  }
  await rm(scratch, { force: true });
  return elsewhere.size;
}

async function firstWhole(
  sources: readonly ObjectSource[],
  object: ArchivedObject,
  scratch: string,
): Promise<ObjectSource | null> {
  for (const source of sources) if ((await stateIn(source, object, scratch)) === 'whole') return source;
  return null;
}

async function stateIn(
  source: ObjectSource,
  object: ArchivedObject,
  scratch: string,
): Promise<'whole' | 'missing' | 'damaged'> {
  try {
    await rm(scratch, { force: true });
    await source.fetch(object, scratch);
    return 'whole';
  } catch (error) {
    if (error instanceof NotFound) return 'missing';
    if (error instanceof Corrupt) return 'damaged';
    throw error;
  }
}
