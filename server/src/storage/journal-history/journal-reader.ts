import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { decodeBlocks } from '../../domain/columns/batch-codec.ts';
import type { HistoryBatch } from './open-segment.ts';
import { type HistoryDevice, type Hole, parseDevices } from './segments.ts';

/** Name of the journal history among the consumers of the journal, on disk in `journal_cursor`: see `JOURNAL_HISTORY_FOLDER`. */
export const HISTORY_CURSOR = 'journal archive';

/** Reads the journal of a data folder, which a running service may use: batches that the history may not have yet. */
export class JournalReader {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** null for a missing file or one without a journal. Throws an error of SQLite for a damaged file. */
  static open(path: string): JournalReader | null {
    if (!existsSync(path)) return null;
    const reader = new JournalReader(new DatabaseSync(path, { readOnly: true }));
    if (reader.#has('journal_batch') && reader.#has('journal_cursor')) return reader;
    reader.close();
    return null;
  }

  /** Sequence number of the newest batch that the history has confirmed; null: none. */
  confirmed(): number | null {
    const row = this.#database.prepare('SELECT sequence FROM journal_cursor WHERE store = ?').get(HISTORY_CURSOR);
    return (row?.sequence as number | undefined) || null;
  }

  /** Highest sequence number that was ever given to a batch or confirmed. */
  head(): number {
    const newest = (sql: string) => (this.#database.prepare(sql).get()?.newest as number | null | undefined) ?? 0;
    return Math.max(
      newest("SELECT seq AS newest FROM sqlite_sequence WHERE name = 'journal_batch'"),
      newest('SELECT max(sequence) AS newest FROM journal_cursor'),
    );
  }

  /** Every batch that the journal still has, in order; a damaged one is reported and omitted. */
  *batches(onHole: (hole: Hole) => void): Generator<HistoryBatch> {
    const confirmed = this.confirmed() ?? 0;
    // A journal without the table is from an earlier version.
    const [at, from] = this.#has('journal_acknowledged')
      ? ['coalesce(at, received_at)', 'journal_batch LEFT JOIN journal_acknowledged USING (sequence)']
      : ['received_at', 'journal_batch'];
    const rows = this.#database.prepare(`SELECT sequence, ${at} AS acceptedAt, payload FROM ${from} ORDER BY sequence`);
    let before = 0;
    for (const row of rows.iterate()) {
      const { sequence, acceptedAt, payload } = row as { sequence: number; acceptedAt: number; payload: Uint8Array };
      const follows = sequence <= confirmed ? sequence - 1 : Math.max(before, confirmed);
      before = sequence;
      try {
        yield { sequence, follows, acceptedAt, blocks: decodeBlocks(payload) };
      } catch (error) {
        onHole({
          from: acceptedAt,
          until: acceptedAt,
          reason: `batch ${sequence} of the journal: ${(error as Error).message}`,
        });
      }
    }
  }

  /** Devices recorded in the same file; empty when the records are stored elsewhere. */
  devices(): Map<string, HistoryDevice> {
    if (!this.#has('devices')) return new Map();
    const rows = this.#database.prepare('SELECT id, name, kind, labels FROM devices').all();
    const all = rows.map(({ id, name, kind, labels }) => [id, { name, kind, labels: JSON.parse(labels as string) }]);
    return parseDevices(JSON.stringify(Object.fromEntries(all)));
  }

  close(): void {
    this.#database.close();
  }

  #has(table: string): boolean {
    return (
      this.#database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined
    );
  }
}
