import { splitMetric } from '../../../domain/metric-catalogue.ts';
import type { Window } from '../../../domain/time/window.ts';
import type { Ingest } from '../../../ingest/ingest.ts';
import type { Journal, QuarantineEntry } from '../../../ingest/journal.ts';
import { cursorKey, type Page, type PageRequest, pageFrom } from '../../../storage/records/page.ts';

const PAGE = 1000;
const MAX_PAGES = 100;

/** Implausible values: listed, then accepted into the history or discarded. */
export class QuarantineService {
  readonly #journal: Journal;
  readonly #ingest: Ingest;

  constructor(journal: Journal, ingest: Ingest) {
    this.#journal = journal;
    this.#ingest = ingest;
  }

  /** Newest first. */
  async page({ limit, cursor }: PageRequest): Promise<Page<QuarantineEntry>> {
    const before = cursorKey(cursor, 'number')?.[0];
    const found = await this.#journal.quarantined(limit + 1, before === undefined ? null : Number(before));
    return pageFrom(found, limit, ({ id }) => [id]);
  }

  /** Number of quarantined values of a window, by device; of the newest 100,000. */
  async countByDevice({ start, end }: Window): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    let before: number | null = null;
    for (let page = 0; page < MAX_PAGES; page++) {
      const entries: QuarantineEntry[] = await this.#journal.quarantined(PAGE, before);
      for (const { deviceId, timestamp } of entries) {
        if (timestamp >= start && timestamp < end) counts.set(deviceId, (counts.get(deviceId) ?? 0) + 1);
      }
      before = entries.at(-1)?.id ?? null;
      if (entries.length < PAGE) break;
    }
    return counts;
  }

  /** Accepted values are stored unchanged; returns the number of values that were still in quarantine. */
  async decide(ids: readonly number[], decision: 'accept' | 'discard'): Promise<number> {
    const entries = await this.#journal.findQuarantined(ids);
    if (decision === 'accept') {
      await this.#ingest.acceptReviewed(
        entries.map(({ deviceId, metric, timestamp, value }) => {
          const { group, quantity } = splitMetric(metric);
          return {
            group,
            quantities: [quantity],
            devices: [deviceId],
            device: Int32Array.of(0),
            timestamps: Float64Array.of(timestamp),
            columns: [Float64Array.of(value)],
          };
        }),
      );
    }
    await this.#journal.dropQuarantined(ids);
    return entries.length;
  }
}
