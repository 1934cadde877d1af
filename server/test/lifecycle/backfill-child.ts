import { join } from 'node:path';
import { backfillEnd } from '../../src/assembly/backfill.ts';
import { backfill } from '../../src/storage/backfill/backfill.ts';
import { MeteredStore } from '../../src/storage/layers/metered-store.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { openArchiveWorld } from './archive-world.ts';

/** Fills `target.sqlite` from a DuckDB store and its archive, and prints its start and its end; its test kills it midway. */
const [, , folder] = process.argv as [string, string, string];
const world = await openArchiveWorld(folder);
const to = await openTelemetryStore({ type: 'sqlite', path: join(folder, 'target.sqlite') });
const from = backfillEnd(new MeteredStore('duckdb', world.store, () => 0), world.reads);
console.log('begins');
const signal = new AbortController().signal;
await backfill({ from: from.store, to, signal, progress: () => {} });
await to.close();
await world.close();
console.log('done');
