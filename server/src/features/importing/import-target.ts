import type { ImportPlaces, ImportPlacesRequest, ImportProgress } from '@wattkeeper/contract/import.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { SinkReceipt } from '../../sources/import/import-file.ts';

/** The destination of an import: the data of this process, or the running service. */
export interface ImportTarget {
  readonly name: string;
  /** Unit of a metric; empty without one. */
  unitOf(metric: string): string;
  /** Progress of the import with this key; undefined if it never started. */
  progress(key: string): Promise<ImportProgress | undefined>;
  note(key: string, progress: ImportProgress): Promise<void>;
  /** Finds or creates the site and the devices of the data; null in a dry run without access. */
  place(request: ImportPlacesRequest): Promise<ImportPlaces | null>;
  /** Stores blocks with named devices; resolves when they are on disk. */
  take(blocks: readonly Block[]): Promise<SinkReceipt>;
}
