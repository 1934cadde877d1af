/** Informs listeners which devices have newer values; the values are in `LatestValues`. */
export type LiveListener = (deviceIds: ReadonlySet<string>) => void;

export class LiveBus {
  readonly #listeners = new Set<LiveListener>();

  publish(deviceIds: ReadonlySet<string>): void {
    if (deviceIds.size === 0) return;
    for (const listener of this.#listeners) listener(deviceIds);
  }

  /** Adds a listener; call the returned function to remove it. */
  subscribe(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
