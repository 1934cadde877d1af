import { openArchiveWorld } from './archive-world.ts';

/** Archives everything before an instant and prints its start and its end; its test kills it midway. */
const [, , folder, before] = process.argv as [string, string, string, string];
const world = await openArchiveWorld(folder);
console.log('begins');
await world.archiveBefore(Number(before));
await world.close();
console.log('done');
