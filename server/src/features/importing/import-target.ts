import type { ImportPlaces, ImportPlacesRequest, ImportProgress } from '@wattkeeper/contract/import.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { SinkReceipt } from '../../sources/import/import-file.ts';

/** Where an import goes: the data of this process, or the service that holds it. */
export interface ImportTarget {
  readonly name: string;
  /** Unit that a metric is kept in; empty when it has none. */
  unitOf(metric: string): string;
  /** How far the import with this key has come; undefined when it never began. */
  progress(key: string): Promise<ImportProgress | undefined>;
  note(key: string, progress: ImportProgress): Promise<void>;
  /** Finds or makes the site and the devices of the data; null: in a dry run it may not look. */
  place(request: ImportPlacesRequest): Promise<ImportPlaces | null>;
  /** Takes blocks whose devices are named; resolves once they are on disk. */
  take(blocks: readonly Block[]): Promise<SinkReceipt>;
}
