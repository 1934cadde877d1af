import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** Maximum number of prepared statements. */
const MAX_PREPARED_STATEMENTS = 256;

/** An open SQLite file with exclusive access; its statements are cached and return rows as arrays. */
export class Connection {
  readonly db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(path: string) {
    this.db = new DatabaseSync(path, { timeout: 1000 });
    // Exclusive: names and numbers are cached in memory, so that another writer must be rejected.
    this.db.exec('PRAGMA locking_mode = EXCLUSIVE');
  }

  prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= MAX_PREPARED_STATEMENTS) this.#prepared.clear();
    const statement = this.db.prepare(sql);
    statement.setReturnArrays(true);
    this.#prepared.set(sql, statement);
    return statement;
  }

  /** @param onRollback called after the work failed and was rolled back */
  transaction(work: () => void, onRollback: () => void): void {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.db.exec('COMMIT');
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      onRollback();
      throw error;
    }
  }

  close(): void {
    this.#prepared.clear();
    this.db.close();
  }
}
