/** Values of one device at one instant. */
export interface FoundReading {
  readonly device: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** Finite numbers in the metrics' own units. */
  readonly values: readonly (readonly [metric: string, value: number])[];
  /** Values of the record that could not be read, each told. */
  readonly problems?: readonly string[];
}

/** A session in which a battery was charged or discharged. */
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
  /** Money earned. */
  readonly revenue: number | null;
}

/** One thing that a source holds, or why it cannot be read. */
export type Found<T> =
  | { readonly where: string; readonly item: T }
  | {
      readonly where: string;
      readonly unreadable: string;
    };

/** Where older data comes from: one file each. Nothing of it is ever changed. */
export interface MigrationSource<T> {
  /** Everything, in a fixed order, a bounded number at once. It is read more than once, always in the same order. */
  read(signal: AbortSignal): AsyncIterable<readonly Found<T>[]>;
  /** Share of the reading under way that is done, 0 to 1; null where that cannot be told. */
  share(): number | null;
  /** What a person should know, after everything was read. */
  notes(): readonly string[];
  /** The mapping in force as YAML; null where there is none to choose. */
  mapping(): string | null;
  close(): Promise<void>;
}

/** What becomes of items, in a real run or (dry) would. */
export const OUTCOMES = ['migrated', 'already_there', 'missing'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Where items go. */
export interface MigrationTarget<T> {
  /** Compares items with what is there and, unless it is a dry run, brings in what is not. An outcome for each. */
  take(items: readonly T[]): Promise<readonly Outcome[]>;
  /**
   * Reads back what is there now. Where that is not what was written, everything is compared once more.
   * @param again reads the source anew
   * @param onMissing told of each item that is not there
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
