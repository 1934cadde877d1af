/** Lengths of time in milliseconds, and the counts between them: the only definitions in the server, the web app and the benchmarks. */
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
/** A UTC day. A day of a site may have 23 or 25 hours: its boundaries come from the site's time zone. */
export const UTC_DAY_MS = 24 * HOUR_MS;
export const UTC_WEEK_MS = 7 * UTC_DAY_MS;

/** Of a day without a change of clocks; a day of a site may have more or fewer. */
export const MINUTES_PER_DAY = 1440;
export const HOURS_PER_DAY = 24;
