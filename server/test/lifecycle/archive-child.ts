import { openArchiveWorld } from './archive-world.ts';

/** Archives everything before an instant and says so; killed in the middle by its test. */
const [, , folder, before] = process.argv as [string, string, string, string];
const world = await openArchiveWorld(folder);
console.log('begins');
await world.archiveBefore(Number(before));
await world.close();
console.log('done');
