/** Tells listeners which devices have newer values; what the values are is asked of `LatestValues`. */
export type LiveListener = (deviceIds: ReadonlySet<string>) => void;

export class LiveBus {
  readonly #listeners = new Set<LiveListener>();

  publish(deviceIds: ReadonlySet<string>): void {
    if (deviceIds.size === 0) return;
    for (const listener of this.#listeners) listener(deviceIds);
  }

  /** Listens until the answer is called. */
  subscribe(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
