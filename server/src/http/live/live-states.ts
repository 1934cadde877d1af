import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import type { Health } from '@wattkeeper/contract/service.ts';

export interface LiveStatesOptions {
  readonly health: () => Promise<Health>;
  /** Ongoing anomalies. */
  readonly anomalies: () => Promise<unknown>;
  readonly publish: (topic: 'health', data: unknown) => void;
  /** Called with the error; the previous state remains. */
  readonly onError: (error: unknown) => void;
}

/** Maximum age of a snapshot, and maximum delay of a change of the health. */
const REFRESH_MS = 2 * SECOND_MS;

/**
 * Health and active anomalies as sent to new subscribers. They are refreshed regularly, so that a snapshot is available immediately. The health is published
 * when it changes in more than its clock.
 */
export class LiveStates {
  readonly #options: LiveStatesOptions;
  readonly #timer: NodeJS.Timeout;
  #health: Health | null = null;
  #anomalies: unknown = [];
  #compared = '';
  #isRefreshing = false;

  constructor(options: LiveStatesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.refresh(), REFRESH_MS);
    this.#timer.unref();
    void this.refresh();
  }

  /** The state of a topic for a new subscriber; null for topics without a state. */
  snapshot(topic: string): unknown {
    if (topic === 'health') return this.#health;
    return topic === 'anomalies' ? this.#anomalies : null;
  }

  /** Refreshes both, unless a refresh is in progress. */
  async refresh(): Promise<void> {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    try {
      this.#anomalies = await this.#options.anomalies();
      const health = await this.#options.health();
      const compared = comparedOf(health);
      const isNews = this.#health !== null && compared !== this.#compared;
      this.#health = health;
      this.#compared = compared;
      if (isNews) this.#options.publish('health', health);
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#isRefreshing = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** The part of the health whose changes are published: without its clock, and without figures that increase with every reading. */
function comparedOf({ status, database, scheduler, persistence, records, stores, history, warnings }: Health): string {
  const standing = stores.map((store) => [store.name, store.status]);
  return JSON.stringify([status, database, scheduler, persistence, records, standing, history.status, warnings]);
}
