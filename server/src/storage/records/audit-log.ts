import type { Page, PageRequest } from './page.ts';

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

/** Entries are added and never changed or removed; the database refuses both. */
export interface AuditLog {
  append(entry: {
    readonly actor: string;
    readonly action: string;
    readonly target?: string | null | undefined;
    readonly detail?: string | null | undefined;
  }): Promise<void>;
  /** Newest first. */
  page(request: PageRequest): Promise<Page<AuditRecord>>;
}
