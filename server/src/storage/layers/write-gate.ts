import type { Batch } from '../../domain/columns/batch.ts';
import { asBatch } from '../apply-batches.ts';
import type { TelemetryStore } from '../backend.ts';
import { passThrough } from './pass-through.ts';

/** Reports how far back writes reached since it was created. */
export interface WriteWatch {
  /** Earliest instant of the group written since, epoch milliseconds; Infinity while there is none. */
  readonly earliest: number;
  end(): void;
}

/** Lets a caller act between two writes of a store, and report the writes since a given moment: new readings are never deleted unseen. */
export class WriteGate {
  readonly #running = new Set<Promise<void>>();
  readonly #watches = new Map<symbol, { group: string; earliest: number }>();
  #turn: Promise<unknown> = Promise.resolve();

  /** A store whose writes pass through the gate. */
  around(store: TelemetryStore): TelemetryStore {
    return passThrough(store, {
      write: (batches) => this.#pass(batches, () => store.write(batches)),
      erase: (blocks) => this.#pass([asBatch(blocks)], () => store.erase(blocks)),
    });
  }

  /** Watches a group from a moment without running writes. */
  watch(group: string): Promise<WriteWatch> {
    return this.exclusive(async () => {
      const key = Symbol(group);
      const seen = { group, earliest: Number.POSITIVE_INFINITY };
      this.#watches.set(key, seen);
      return {
        get earliest() {
          return seen.earliest;
        },
        end: () => {
          this.#watches.delete(key);
        },
      };
    });
  }

  /** Runs work while no write is running; writes called meanwhile wait. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      await Promise.all(this.#running);
      return work();
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Writes run concurrently in the order of their calls, each after earlier exclusive work. */
  #pass(batches: readonly Batch[], write: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(() => {
      this.#note(batches);
      const writing = write();
      const ended = writing.catch(() => undefined).then(() => void this.#running.delete(ended));
      this.#running.add(ended);
      return writing;
    });
    return result;
  }

  #note(batches: readonly Batch[]): void {
    for (const seen of this.#watches.values()) {
      for (const { blocks } of batches) {
        for (const { group, timestamps } of blocks) {
          if (group !== seen.group) continue;
          for (const instant of timestamps) if (instant < seen.earliest) seen.earliest = instant;
        }
      }
    }
  }
}
