/** What the writer that gets killed writes: row `i` of every device lies at `START + i * STEP_MS`, in write `i / ROWS_PER_WRITE`. */
export const START = Date.UTC(2026, 0, 1);
export const STEP_MS = 300_000;
export const ROWS_PER_WRITE = 24;
export const DEVICES = 3;
/** Every so many writes a compaction runs beside the next ones. */
export const COMPACT_EVERY = 13;
