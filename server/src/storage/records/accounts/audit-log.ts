import { formatInstant } from '@wattkeeper/contract/common.ts';
import { cursorKey, type Page, type PageRequest, pageFrom, pageLimit } from '../page.ts';
import type { RecordsContext } from '../schema.ts';

/** Something that someone did and that must be traceable. */
export interface AuditRecord {
  /** Grows from entry to entry. */
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

/** Entries are added and never changed, and removed only when they are old; the database refuses all else. */
export interface AuditLog {
  /** Never rejects in a store of records: an entry that cannot be written waits, because the change that it reports has been made. */
  append(entry: AuditInput): Promise<void>;
  /** Newest first. */
  page(request: PageRequest): Promise<Page<AuditRecord>>;
  /** Removes the entries before an instant, which must lie 30 days back, and says so in an entry; answers how many they were. */
  prune(before: number): Promise<number>;
}

/** The audit log in the records' database. */
export class SqlAuditLog implements AuditLog {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async append(entry: AuditInput): Promise<void> {
    await this.#context.db
      .insertInto('audit_log')
      .values({
        at: entry.at ?? this.#context.now(),
        actor: entry.actor,
        action: entry.action,
        target: entry.target ?? null,
        detail: entry.detail ?? null,
      })
      .execute();
  }

  async page(request: PageRequest): Promise<Page<AuditRecord>> {
    const limit = pageLimit(request);
    const after = cursorKey(request.cursor, 'number');
    let query = this.#context.db.selectFrom('audit_log').selectAll().orderBy('id', 'desc');
    if (after !== null) query = query.where('id', '<', Number(after[0]));
    const rows = await query.limit(limit + 1).execute();
    return pageFrom(
      rows.map((row): AuditRecord => ({ ...row })),
      limit,
      (entry) => [entry.id],
    );
  }

  async prune(before: number): Promise<number> {
    return this.#context.db.transaction().execute(async (transaction) => {
      const removed = await transaction.deleteFrom('audit_log').where('at', '<', before).executeTakeFirst();
      const count = Number(removed.numDeletedRows);
      if (count === 0) return 0;
      const detail = `${count} entries before ${formatInstant(before)}`;
      const entry = { actor: 'system', action: 'audit.prune', target: null, detail };
      await transaction
        .insertInto('audit_log')
        .values({ at: this.#context.now(), ...entry })
        .execute();
      return count;
    });
  }
}
