/** The required operations on the newest values. */
export interface LatestSource {
  /** Increases with every change of any value. */
  readonly revision: number;
  of(deviceId: string): Iterable<{ metric: string; timestamp: number; value: number; revision: number }>;
  deviceIds(): Iterable<string>;
}

/** Maximum number of devices listed for the newest change; for larger changes clients check all devices. */
const MAX_RECENT_DEVICES = 1_000;

/**
 * The devices that changed since a revision, stored once for all clients. A client has only the revision up to which it has received changes:
 * a slow client needs no additional memory.
 */
export class ReadingChanges {
  readonly #latest: LatestSource;
  readonly #changedAt = new Map<string, number>();
  #gathering = new Set<string>();
  /** Devices that changed between the last two released revisions. */
  #recent: ReadonlySet<string> = new Set();
  #recentAfter: number;
  #revision: number;

  constructor(latest: LatestSource) {
    this.#latest = latest;
    this.#recentAfter = this.#revision = latest.revision;
  }

  /** The released revision, up to which clients receive changes. */
  get revision(): number {
    return this.#revision;
  }

  /** Removes all changes; call it while there are no clients. */
  reset(): void {
    this.#changedAt.clear();
    this.#gathering = new Set();
    this.#recent = new Set();
    this.#recentAfter = this.#revision = this.#latest.revision;
  }

  note(deviceIds: Iterable<string>): void {
    for (const deviceId of deviceIds) this.#gathering.add(deviceId);
  }

  /** Releases the noted changes to clients. */
  release(): void {
    this.#recentAfter = this.#revision;
    this.#revision = this.#latest.revision;
    for (const deviceId of this.#gathering) this.#changedAt.set(deviceId, this.#revision);
    this.#recent = this.#gathering;
    this.#gathering = new Set();
  }

  /** A client's devices that changed after a revision; `of` null: all devices. */
  *since(revision: number, of: ReadonlySet<string> | null): Iterable<string> {
    for (const deviceId of this.#candidates(revision, of)) {
      if ((of === null || of.has(deviceId)) && (this.#changedAt.get(deviceId) ?? 0) > revision) yield deviceId;
    }
  }

  #candidates(revision: number, of: ReadonlySet<string> | null): Iterable<string> {
    const isRecent = revision >= this.#recentAfter && this.#recent.size <= MAX_RECENT_DEVICES;
    if (isRecent && (of === null || this.#recent.size < of.size)) return this.#recent;
    return of ?? this.#changedAt.keys();
  }
}
