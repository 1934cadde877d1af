import { existsSync, renameSync } from 'node:fs';
import type { Logger } from 'pino';
import { Corrupt } from '../domain/errors.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import { fileInstant } from '../storage/journal-history/segments.ts';
import { SET_ASIDE_DATABASE, SetAside } from '../storage/set-aside/set-aside.ts';

/** Opens the values that stores can never accept. An unreadable file is renamed so that the service can start. */
export async function openSetAside(folder: DataFolder | null, log: Logger, now: number): Promise<SetAside> {
  const path = folder?.file(SET_ASIDE_DATABASE) ?? ':memory:';
  try {
    return await SetAside.open(path);
  } catch (error) {
    if (!(error instanceof Corrupt)) throw error;
    const damaged = `${path}.damaged-${fileInstant(now)}`;
    for (const part of ['', '-wal', '-shm']) if (existsSync(path + part)) renameSync(path + part, damaged + part);
    log.error({ err: error }, `the values that stores could not take cannot be read; their file is now ${damaged}`);
    return SetAside.open(path);
  }
}
