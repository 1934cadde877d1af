import { formatInstant } from '@wattkeeper/contract/common.ts';
import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { messageOf } from '../../../domain/errors.ts';
import { type Page, type PageRequest, pageOfQuery } from '../page.ts';
import type { RecordsContext, RecordsDatabase } from '../schema.ts';

/** Entries that wait while the database accepts none. Beyond it, the oldest are dropped and remain only in the service's log. */
export const MAX_WAITING_ENTRIES = 1_000;
const RETRY_MS = 10 * SECOND_MS;

/** An action that must be traceable to an actor. */
export interface AuditRecord {
  /** Increases with each entry. */
  readonly id: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** A user's name, `token:NAME`, or `system`. */
  readonly actor: string;
  /** Such as `sign_in`, `user.create`. */
  readonly action: string;
  readonly target: string | null;
  readonly detail: string | null;
}

export interface AuditInput {
  /** Epoch milliseconds; default: now. */
  readonly at?: number | undefined;
  readonly actor: string;
  readonly action: string;
  readonly target?: string | null | undefined;
  readonly detail?: string | null | undefined;
}

/** Entries are appended and never changed, and removed only when old; the database enforces this. */
export class AuditLog {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;
  readonly #warn: (message: string) => void;
  readonly #waiting: AuditInput[] = [];
  #writing: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;

  /** @param warn called with entries that cannot be written at present */
  constructor({ db, now }: RecordsContext, warn: (message: string) => void) {
    this.#db = db;
    this.#now = now;
    this.#warn = warn;
  }

  /** Number of entries that wait to be written. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Never rejects: the change that an entry reports has already been made and must not be answered as failed. An entry that cannot be
   * written is passed to `warn` and waits, in order, for the next attempt.
   */
  async append(entry: AuditInput): Promise<void> {
    const dated = { at: this.#now(), ...entry };
    this.#waiting.push(dated);
    await this.#write();
    if (!this.#waiting.includes(dated)) return;
    this.#warn(`an entry of the audit log waits, since it cannot be written: ${JSON.stringify(dated)}`);
    if (this.#waiting.length > MAX_WAITING_ENTRIES) this.#waiting.shift();
  }

  /** Newest first. */
  async page(request: PageRequest): Promise<Page<AuditRecord>> {
    return pageOfQuery(this.#db.selectFrom('audit_log').selectAll(), request, 'desc', { id: 'number' }, (row) => row);
  }

  /**
   * Removes the entries before an instant, which must be at least 30 days ago, and appends an entry about it. Returns the number of removed
   * entries.
   */
  async prune(before: number): Promise<number> {
    return this.#db.transaction().execute(async (transaction) => {
      const removed = await transaction.deleteFrom('audit_log').where('at', '<', before).executeTakeFirst();
      const count = Number(removed.numDeletedRows);
      if (count === 0) return 0;
      const detail = `${count} entries before ${formatInstant(before)}`;
      const entry = { at: this.#now(), actor: 'system', action: 'audit.prune', target: null, detail };
      await transaction.insertInto('audit_log').values(entry).execute();
      return count;
    });
  }

  /** Makes a last attempt to write the waiting entries. */
  async close(): Promise<void> {
    await this.#write();
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  /** Writes the waiting entries, in order, until one fails. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        const { at = this.#now(), actor, action, target = null, detail = null } = next;
        await this.#db.insertInto('audit_log').values({ at, actor, action, target, detail }).execute();
        this.#waiting.shift();
      }
    } catch (error) {
      this.#warn(`the audit log cannot be written: ${messageOf(error)}`);
      this.#retry = setTimeout(() => void this.#write(), RETRY_MS);
      this.#retry.unref();
    }
  }
}
