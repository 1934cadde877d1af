import { rm } from 'node:fs/promises';
import { Corrupt, InvalidInput, NotFound } from '../../domain/errors.ts';
import { sha256Of } from '../file-digest.ts';
import type { ObjectStore } from '../objects/object-store.ts';

/** A file of the archive as a backup lists it. */
export interface ArchivedObject {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The entry `archive.json` of a backup: the files that the archive had at its end. */
export interface ArchiveManifest {
  readonly place: string;
  /** Null: the place did not answer when the backup was made. */
  readonly objects: readonly ArchivedObject[] | null;
}

/** Gives back files of the archive. */
export interface ObjectSource {
  /** Writes an object to a file. @throws NotFound; Corrupt when it is not what was stored; Unavailable */
  fetch(object: ArchivedObject, file: string): Promise<void>;
}

/** Where files of the archive are looked for when a backup is brought back. */
export interface ArchivePlaces {
  /** The archive of what is restored; null where none is configured. */
  readonly archive: ObjectStore | null;
  /** Asked in turn for what the archive lacks. */
  readonly copies: readonly ObjectSource[];
}

/** The files that a backup needs. */
export interface LocatedArchive {
  /** How many files there are. */
  readonly objects: number;
  /** Those that the archive lacks, or has damaged, and where they are whole. */
  readonly elsewhere: ReadonlyMap<ArchivedObject, ObjectSource>;
}

/** How many files an error names. */
const NAMED = 5;

/** An object store of the archive's own files, each compared with its SHA-256. */
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
 * Looks for every file that a backup lists, and reads each to its end; nothing is changed.
 * @param scratch path of a file that may be written
 * @throws Corrupt with the files that are whole nowhere, InvalidInput where no archive is configured, Unavailable while a place does not answer
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
    `the archive ${archive?.place} lacks ${lacking.length} of the ${objects.length} files that the backup needs, and no whole copy of them was found: ${lacking.slice(0, NAMED).join('; ')}${more}. Bring them back there, or restore without the archive`,
  );
}

/** Puts what the archive lacks back into it, and reads it back. Answers how many files. */
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
