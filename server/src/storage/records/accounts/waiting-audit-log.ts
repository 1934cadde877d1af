import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { messageOf } from '../../../domain/errors.ts';
import type { Page, PageRequest } from '../page.ts';
import type { AuditInput, AuditLog, AuditRecord } from './audit-log.ts';

/** Entries that wait while the database takes none; beyond it the oldest are dropped, and remain in the service's log alone. */
export const MAX_WAITING_ENTRIES = 1_000;
const RETRY_MS = 10 * SECOND_MS;

/**
 * An audit log whose `append` never fails: the change that an entry reports has been made already, and must not be answered as
 * failed. An entry that cannot be written goes to `warn` and waits, in order, for the next attempt.
 */
export class WaitingAuditLog implements AuditLog {
  readonly #inner: AuditLog;
  readonly #now: () => number;
  readonly #warn: (message: string) => void;
  readonly #waiting: AuditInput[] = [];
  #writing: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;

  constructor(inner: AuditLog, now: () => number, warn: (message: string) => void) {
    this.#inner = inner;
    this.#now = now;
    this.#warn = warn;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async append(entry: AuditInput): Promise<void> {
    const dated = { at: this.#now(), ...entry };
    this.#waiting.push(dated);
    await this.#write();
    if (!this.#waiting.includes(dated)) return;
    this.#warn(`an entry of the audit log waits, since it cannot be written: ${JSON.stringify(dated)}`);
    if (this.#waiting.length > MAX_WAITING_ENTRIES) this.#waiting.shift();
  }

  page(request: PageRequest): Promise<Page<AuditRecord>> {
    return this.#inner.page(request);
  }

  prune(before: number): Promise<number> {
    return this.#inner.prune(before);
  }

  /** Tries a last time to write what waits. */
  async close(): Promise<void> {
    await this.#write();
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  /** Writes what waits, in order, until nothing does or one fails. Never rejects. */
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
        await this.#inner.append(next);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#warn(`the audit log cannot be written: ${messageOf(error)}`);
      this.#retry = setTimeout(() => void this.#write(), RETRY_MS);
      this.#retry.unref();
    }
  }
}
