import { z } from 'zod';
import { Instant, ListQuery, Name } from './common.ts';
import { ClockTime, Weekday } from './tariff.ts';

export const MAX_CALENDAR_PERIODS = 1000;
/** Days of a period with this category are holidays of the site as well, as the public holidays of its country are. */
export const HOLIDAY_CATEGORY = 'holiday';

export const CalendarPeriod = z
  .object({
    category: Name.meta({ description: 'Operating mode, shift or another category', examples: ['summer school'] }),
    from: z.iso.date().optional().meta({ description: 'First day; default: since ever' }),
    to: z.iso.date().optional().meta({ description: 'Last day; default: for ever' }),
    weekdays: z
      .array(Weekday)
      .min(1)
      .max(7)
      .optional()
      .meta({ description: '1 Monday … 7 Sunday; default: every day' }),
    from_time: ClockTime.default('00:00'),
    to_time: ClockTime.default('24:00').meta({ description: 'Before from_time: it runs past midnight' }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    error: 'must not be before from',
  })
  .meta({ id: 'CalendarPeriod' });
export type CalendarPeriod = z.infer<typeof CalendarPeriod>;

const fields = {
  name: Name.meta({ description: 'Unique at its site', examples: ['School year'] }),
  default_category: Name.meta({ description: 'Where no period applies', examples: ['classes'] }),
  periods: z.array(CalendarPeriod).max(MAX_CALENDAR_PERIODS).meta({ description: 'The first that applies counts' }),
};

export const CalendarCreate = z
  .object({
    ...fields,
    site_id: z.string().min(1).optional().meta({ description: 'Id or name; default: the default site' }),
  })
  .meta({ id: 'CalendarCreate' });
export type CalendarCreate = z.infer<typeof CalendarCreate>;

export const CalendarPatch = z.object(fields).partial().strict().meta({ id: 'CalendarPatch' });
export type CalendarPatch = z.infer<typeof CalendarPatch>;

export const Calendar = z
  .object({ id: z.uuid(), site_id: z.uuid(), ...fields, created_at: Instant, updated_at: Instant })
  .meta({
    id: 'Calendar',
    description: 'Operating modes or shifts of a site by its own clock, as a categorical driver of baselines',
  });
export type Calendar = z.infer<typeof Calendar>;

export const CalendarsQuery = ListQuery.extend({
  site_id: z.string().min(1).optional().meta({ description: 'Id or name; default: all sites' }),
});
