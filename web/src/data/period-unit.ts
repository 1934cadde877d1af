/** Calendar periods of the energy pages. Separate from the calendar arithmetic, which the router need not load. */
export const PERIOD_UNITS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type PeriodUnit = (typeof PERIOD_UNITS)[number];
