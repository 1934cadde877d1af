/** How far an import has come, so that it can be taken up again. */
export interface ImportStateRecord {
  /** What is imported, such as the file's checksum with the mapping's. */
  readonly key: string;
  /** JSON. */
  readonly state: unknown;
  readonly updatedAt: number;
}

export interface ImportStates {
  get(key: string): Promise<ImportStateRecord | undefined>;
  list(): Promise<ImportStateRecord[]>;
  put(key: string, state: unknown): Promise<void>;
  /** Whether there was one. */
  remove(key: string): Promise<boolean>;
}
