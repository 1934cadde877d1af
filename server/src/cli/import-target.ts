import type { ImportProgress } from '@wattkeeper/contract/import.ts';
import type { Block } from '../domain/batch.ts';
import type { SinkReceipt } from '../sources/import/import-file.ts';

/** Where an import goes: the data folder itself, or the service that holds it. */
export interface ImportTarget {
  readonly name: string;
  unitOf(metric: string): string;
  /** How far the import with this key has come; undefined when it never began. */
  progress(key: string): Promise<ImportProgress | undefined>;
  note(key: string, progress: ImportProgress): Promise<void>;
  /** Takes blocks whose devices are named; resolves once they are on disk. */
  take(blocks: readonly Block[]): Promise<SinkReceipt>;
  close(): Promise<void>;
}
