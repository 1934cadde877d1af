/** Values of one device at one instant. */
export interface FoundReading {
  readonly device: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** Finite numbers in the metrics' own units. */
  readonly values: readonly (readonly [metric: string, value: number])[];
  /** Values of the record that could not be read, with reasons. */
  readonly problems?: readonly string[];
}

/** A session in which a battery charged or discharged. */
export interface FoundSession {
  readonly id: string | null;
  readonly device: string;
  /** Epoch milliseconds. */
  readonly startAt: number;
  readonly endAt: number;
  readonly energyKwh: number;
  readonly startSocPercent: number | null;
  readonly endSocPercent: number | null;
  readonly averagePricePerKwh: number | null;
  /** Revenue. */
  readonly revenue: number | null;
}

/** One item of a source, or the reason why it cannot be read. */
export type Found<T> =
  | { readonly where: string; readonly item: T }
  | {
      readonly where: string;
      readonly unreadable: string;
    };

/** A source of older data: one implementation per file. It is only read. */
export interface MigrationSource<T> {
  /** All items, in a fixed order, in bounded pieces. It is read more than once, always in the same order. */
  read(signal: AbortSignal): AsyncIterable<readonly Found<T>[]>;
  /** Progress of the current read, 0 to 1; null if unknown. */
  share(): number | null;
  /** Notes for the user, after everything was read. */
  notes(): readonly string[];
  /** The effective mapping as YAML; null without one. */
  mapping(): string | null;
  close(): Promise<void>;
}

/** The outcome for an item; in a dry run, the expected outcome. */
export const OUTCOMES = ['migrated', 'already_there', 'missing'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The destination of items. */
export interface MigrationTarget<T> {
  /** Compares items with the stored data and, unless it is a dry run, stores the missing ones. Returns an outcome for each. */
  take(items: readonly T[]): Promise<readonly Outcome[]>;
  /**
   * Reads back the stored data. If it differs from the written data, everything is compared again.
   * @param again reads the source again
   * @param onMissing called for each missing item
   */
  validate(
    again: () => AsyncIterable<readonly Found<T>[]>,
    onMissing: (where: string, reason: string) => void,
    signal: AbortSignal,
  ): Promise<Validation>;
  figures(): TargetFigures;
}

export interface Validation {
  readonly series: number;
  readonly days: number;
  readonly samples: number;
  readonly compared_again: number;
}

export interface TargetFigures {
  readonly values: { found: number; written: number; quarantined: number; differing: number; unreadable: number };
  /** Instants are epoch milliseconds. */
  readonly series: readonly { device: string; metric: string; values: number; first: number; last: number }[];
}
