import { Calendar, CalendarCreate, CalendarPatch, CalendarsQuery } from '@wattkeeper/contract/analytics/calendar.ts';
import { formatInstant, pageOf } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import type { CalendarRecord } from '../../storage/records/analytics/calendars.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

const schema = { tags: ['baseline'] };
const IdParams = z.object({ id: z.uuid().meta({ description: 'Id of a calendar' }) });

/** `/baseline/calendars`: operating modes and shifts of sites. */
export function calendarRoutes(api: Api, { calendars, sites }: Pick<RecordStore, 'calendars' | 'sites'>): void {
  api.get(
    '/baseline/calendars',
    {
      schema: {
        ...schema,
        summary: 'Calendars by name',
        querystring: CalendarsQuery,
        response: { 200: pageOf(Calendar) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => {
      const siteId = query.site_id === undefined ? undefined : (await sites.require(query.site_id)).id;
      return pageOfList((await calendars.list(siteId)).map(toCalendar), query, ({ id }) => id);
    },
  );
  api.post(
    '/baseline/calendars',
    {
      schema: { ...schema, summary: 'Make a calendar', body: CalendarCreate, response: { 201: Calendar } },
      config: { scope: 'write', audit: 'calendar.create' },
    },
    async ({ body: { site_id: site, name, default_category: defaultCategory, periods } }, reply) => {
      const { id: siteId } = site === undefined ? await sites.ensureDefault() : await sites.require(site);
      return reply.status(201).send(toCalendar(await calendars.create({ siteId, name, defaultCategory, periods })));
    },
  );
  api.patch(
    '/baseline/calendars/:id',
    {
      schema: {
        ...schema,
        summary: 'Change a calendar: baselines follow it from then on, also for days that have passed',
        params: IdParams,
        body: CalendarPatch,
        response: { 200: Calendar },
      },
      config: { scope: 'write', audit: 'calendar.change' },
    },
    async ({ params, body: { name, default_category: defaultCategory, periods } }) =>
      toCalendar(await calendars.update(params.id, { name, defaultCategory, periods })),
  );
  api.delete(
    '/baseline/calendars/:id',
    {
      schema: { ...schema, summary: 'Remove a calendar', params: IdParams, response: { 204: z.null() } },
      config: { scope: 'write', audit: 'calendar.remove' },
    },
    async ({ params }, reply) => {
      await calendars.remove(params.id);
      return reply.status(204).send(null);
    },
  );
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
