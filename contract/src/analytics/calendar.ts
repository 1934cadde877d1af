import { z } from 'zod';
import { ListQuery, Name } from '../common.ts';
import { CreatedAt, EntryId, SiteId, SiteReference, UpdatedAt } from '../fields.ts';
import { ClockTime, Weekday } from '../tariff.ts';

export const MAX_CALENDAR_PERIODS = 1000;
/** Days with this category are also holidays of the site, in addition to the public holidays of its country. */
export const HOLIDAY_CATEGORY = 'holiday';

export const CalendarPeriod = z
  .object({
    category: Name.meta({ description: 'Operating mode, shift or another category', examples: ['summer school'] }),
    from: z.iso
      .date()
      .optional()
      .meta({ description: 'First day, by the calendar of the site; default: no first day', examples: ['2026-06-29'] }),
    to: z.iso
      .date()
      .optional()
      .meta({ description: 'Last day, included; default: no last day', examples: ['2026-08-31'] }),
    weekdays: z
      .array(Weekday)
      .min(1)
      .max(7)
      .optional()
      .meta({ description: '1 Monday … 7 Sunday; default: every day', examples: [[1, 2, 3, 4, 5]] }),
    from_time: ClockTime.default('00:00').meta({ description: 'Start, time of day', examples: ['06:00'] }),
    to_time: ClockTime.default('24:00').meta({
      description: 'End, time of day; a time before from_time is on the next day',
      examples: ['14:00'],
    }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    error: 'must not be before from',
  })
  .meta({ id: 'CalendarPeriod', description: 'Days and times of day with one category' });
export type CalendarPeriod = z.infer<typeof CalendarPeriod>;

const fields = {
  name: Name.meta({ description: 'Name of the calendar, unique at its site', examples: ['School year'] }),
  default_category: Name.meta({
    description: 'Category of the time in which no period applies',
    examples: ['classes'],
  }),
  periods: z
    .array(CalendarPeriod)
    .max(MAX_CALENDAR_PERIODS)
    .meta({ description: 'If several apply, the first one counts' }),
};

export const CalendarCreate = z
  .object({
    ...fields,
    site_id: SiteReference.min(1).optional().meta({ description: 'Id or name of a site; default: the default site' }),
  })
  .meta({ id: 'CalendarCreate', description: 'A new calendar' });
export type CalendarCreate = z.infer<typeof CalendarCreate>;

export const CalendarPatch = z
  .object(fields)
  .partial()
  .strict()
  .meta({ id: 'CalendarPatch', description: 'Changes of a calendar' });
export type CalendarPatch = z.infer<typeof CalendarPatch>;

export const Calendar = z
  .object({ id: EntryId, site_id: SiteId, ...fields, created_at: CreatedAt, updated_at: UpdatedAt })
  .meta({
    id: 'Calendar',
    description: 'Operating modes or shifts of a site by its own clock, as a categorical driver of baselines',
  });
export type Calendar = z.infer<typeof Calendar>;

export const CalendarsQuery = ListQuery.extend({
  site_id: SiteReference.min(1).optional().meta({ description: 'Id or name of a site; default: all sites' }),
});
