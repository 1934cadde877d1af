/** The data of the killed writer: row `i` of every device is at `START + i * STEP_MS`, in write `i / ROWS_PER_WRITE`. */
export const START = Date.UTC(2026, 0, 1);
export const STEP_MS = 300_000;
export const ROWS_PER_WRITE = 24;
export const DEVICES = 3;
/** Number of writes between compactions, which run in parallel with the next writes. */
export const COMPACT_EVERY = 13;
