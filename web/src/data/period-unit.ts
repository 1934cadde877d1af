/** Calendar periods that energy is looked at by. Apart from the arithmetic, so that the router need not load that. */
export const PERIOD_UNITS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type PeriodUnit = (typeof PERIOD_UNITS)[number];
