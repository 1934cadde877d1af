/** One JSON value under a key, with a version that grows by one with each change. */
export interface SettingRecord {
  readonly key: string;
  readonly value: unknown;
  /** From 1. */
  readonly version: number;
  readonly updatedAt: number;
}

export interface Settings {
  get(key: string): Promise<SettingRecord | undefined>;
  /**
   * Stores a value that JSON can carry.
   *
   * @param expectedVersion what the change builds on (0: nothing is there yet); throws Conflict when another change came first
   */
  put(key: string, value: unknown, expectedVersion?: number): Promise<SettingRecord>;
}
