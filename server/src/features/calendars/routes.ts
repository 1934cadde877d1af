import type { Calendar } from '@wattkeeper/contract/analytics/calendar.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import {
  changeCalendar,
  createCalendar,
  listCalendars,
  removeCalendar,
} from '@wattkeeper/contract/endpoints/baseline.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import type { CalendarRecord } from '../../storage/records/analytics/calendars.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

/** `/baseline/calendars`: operating modes and shifts of sites. */
export function calendarRoutes(api: Api, { calendars, sites }: Pick<RecordStore, 'calendars' | 'sites'>): void {
  serve(api, listCalendars, async ({ query }) => {
    const siteId = query.site_id === undefined ? undefined : (await sites.require(query.site_id)).id;
    return pageOfList((await calendars.list(siteId)).map(toCalendar), query, ({ id }) => id);
  });
  serve(api, createCalendar, async ({ body: { site_id: site, name, default_category: defaultCategory, periods } }) => {
    const { id: siteId } = site === undefined ? await sites.ensureDefault() : await sites.require(site);
    return toCalendar(await calendars.create({ siteId, name, defaultCategory, periods }));
  });
  serve(api, changeCalendar, async ({ params, body: { name, default_category: defaultCategory, periods } }) =>
    toCalendar(await calendars.update(params.id, { name, defaultCategory, periods })),
  );
  serve(api, removeCalendar, async ({ params }) => {
    await calendars.remove(params.id);
  });
}

function toCalendar({ id, siteId, name, defaultCategory, periods, createdAt, updatedAt }: CalendarRecord): Calendar {
  return {
    id,
    site_id: siteId,
    name,
    default_category: defaultCategory,
    periods: [...periods],
    created_at: formatInstant(createdAt),
    updated_at: formatInstant(updatedAt),
  };
}
