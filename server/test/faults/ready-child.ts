/** Prepares a restore in the place of an earlier one and puts it in place, in a process of its own that a test kills. */
import { join } from 'node:path';
import { applyReady, makeReady } from '../../src/storage/restore/restore-folder.ts';

const [dataFolder] = process.argv.slice(2) as [string];
await makeReady(dataFolder, join(dataFolder, 'restore-scratch-new'));
await applyReady(dataFolder, '2026-01-01T000000.000Z');
