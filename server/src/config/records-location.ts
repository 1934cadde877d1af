import { join } from 'node:path';
import type { Config } from './schema.ts';

/** File of the data folder with the journal, and with the records unless another location is configured. */
export const LOCAL_DATABASE = 'wattkeeper.db';

/** The location of the records, for `openRecords`. Without persistence it is memory, regardless of `records`. */
export function recordsLocation({
  persistence,
  data_dir,
  records,
}: Pick<Config, 'persistence' | 'data_dir' | 'records'>) {
  if (!persistence) return { type: 'sqlite', path: ':memory:' } as const;
  if (records.type === 'postgres') return records;
  return { type: 'sqlite', path: records.path ?? join(data_dir, LOCAL_DATABASE) } as const;
}
