import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { SetAsideEntry, SetAsideRetry } from '@wattkeeper/contract/storage/set-aside.ts';
import { NotFound } from '../../../domain/errors.ts';
import type { MeteredStore } from '../../../storage/layers/metered-store.ts';
import { cursorKey, type PageRequest, pageFrom } from '../../../storage/records/page.ts';
import type { SetAside } from '../../../storage/set-aside/set-aside.ts';
import type { SetAsideEntry as Kept } from '../../../storage/set-aside/set-aside-file.ts';

const MAX_NAMES_SHOWN = 20;
/** Time after which a retry returns its progress, since clients give up later. */
const MAX_RETRY_MS = 20_000;
const ENTRIES_PER_PAGE = 1000;

/** Values that stores can never accept: listed, retried, or discarded. */
export class SetAsideService {
  readonly #setAside: SetAside;
  readonly #stores: readonly MeteredStore[];

  constructor(setAside: SetAside, stores: readonly MeteredStore[]) {
    this.#setAside = setAside;
    this.#stores = stores;
  }

  /** Oldest first. */
  async page({ limit, cursor }: PageRequest): Promise<{ items: SetAsideEntry[]; next_cursor: string | null }> {
    const after = cursorKey(cursor, 'number')?.[0] ?? 0;
    const entries = await this.#setAside.page(null, Number(after), limit + 1);
    const { items, nextCursor } = pageFrom(entries, limit, ({ id }) => [id]);
    return { items: items.map(toEntry), next_cursor: nextCursor };
  }

  /** Sends the values that a store has set aside to it again; stops after a time limit, and may be called again. */
  async retry(name: string): Promise<SetAsideRetry> {
    const { aside } = this.#find(name);
    if (aside === null) return { tried: 0, taken: 0, left: 0 };
    const report = await aside.retry(AbortSignal.timeout(MAX_RETRY_MS));
    return { ...report, left: aside.totals()?.values ?? 0 };
  }

  /** Deletes the values that a store has set aside so far, also for a store that is no longer configured; its stored data does not change. */
  async discard(name: string): Promise<void> {
    const last = this.#setAside.totals(name)?.lastId ?? 0;
    if (last === 0) this.#find(name);
    for (let after = 0; after < last; ) {
      const entries = await this.#setAside.page(name, after, ENTRIES_PER_PAGE);
      if (entries.length === 0) return;
      await this.#setAside.remove(entries.map(({ id }) => id).filter((id) => id <= last));
      after = entries.at(-1)!.id;
    }
  }

  #find(name: string): MeteredStore {
    const found = this.#stores.find((store) => store.name === name);
    if (found) return found;
    throw new NotFound(`there is no store "${name}"; there are ${this.#stores.map((store) => store.name).join(', ')}`);
  }
}

function toEntry({ id, store, group, block, values, first, last, reason, since }: Kept): SetAsideEntry {
  return {
    id,
    store,
    kind: block?.erases ? 'erase' : 'write',
    metrics: block?.quantities.slice(0, MAX_NAMES_SHOWN).map((quantity) => `${group}.${quantity}`) ?? [],
    device_ids: block?.devices.slice(0, MAX_NAMES_SHOWN) ?? [],
    values,
    start: formatInstant(first),
    end: formatInstant(last),
    reason: block === null ? `damaged on disk; error of the store: ${reason}` : reason,
    since: formatInstant(since),
  };
}
