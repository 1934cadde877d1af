import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BackedUpArchive } from '../../src/features/backup/backed-up-archive.ts';
import { ARCHIVE_COPIES, ArchiveCopies } from '../../src/storage/archive/archive-copies.ts';
import type { ArchivedObject } from '../../src/storage/archive/archived-objects.ts';
import { CopiedFiles } from '../../src/storage/backup/copied-files.ts';
import { localObjects } from '../../src/storage/objects/local.ts';
import { ObjectStore } from '../../src/storage/objects/object-store.ts';

/** Copies the files listed in `listed.json` next to the backups and to a drive, and prints each one as it starts; its test kills it midway. */
const [, , folder] = process.argv as [string, string, string];
const listed = JSON.parse(await readFile(join(folder, 'listed.json'), 'utf8')) as ArchivedObject[];
const objectsIn = (name: string) => new ObjectStore(localObjects(join(folder, name)), '');
const copiesIn = (name: string) => new ArchiveCopies(new CopiedFiles(objectsIn(name), ARCHIVE_COPIES), {});
const months = new BackedUpArchive({
  objects: objectsIn('objects'),
  list: async () => listed,
  here: copiesIn('backups'),
  elsewhere: copiesIn('drive'),
  include: true,
});
const scratch = await mkdtemp(join(folder, 'scratch-'));
const work = { signal: new AbortController().signal, progress: (_: number | null, name?: string) => console.log(name) };
await months.describe(await months.manifest(), undefined, scratch, work);
await months.send(join(folder, 'backups', ARCHIVE_COPIES), scratch, work);
console.log('done');
