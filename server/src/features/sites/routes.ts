import { formatInstant, ListQuery, pageOf } from '@wattkeeper/contract/common.ts';
import { Site, SiteCreate, SitePatch } from '@wattkeeper/contract/site.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

const IdParams = z.object({
  id: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Id or name of a site', examples: ['Home'] }),
});

/**
 * `/sites`.
 * @param onChange called after a site changed
 */
export function siteRoutes(api: Api, { sites }: RecordStore, onChange: () => void): void {
  const schema = { tags: ['sites'] };
  api.get(
    '/sites',
    {
      schema: { ...schema, summary: 'All sites', querystring: ListQuery, response: { 200: pageOf(Site) } },
      config: { scope: 'read' },
    },
    async ({ query }) => pageOfList((await sites.list()).map(toSite), query, ({ id }) => id),
  );
  api.post(
    '/sites',
    {
      schema: { ...schema, summary: 'Add a site', body: SiteCreate, response: { 201: Site } },
      config: { scope: 'write', audit: 'site.create' },
    },
    async ({ body }, reply) => {
      const { emission_factor_kg_per_kwh: emissionFactorKgPerKwh, ...rest } = body;
      return reply.status(201).send(toSite(await sites.create({ ...rest, emissionFactorKgPerKwh })));
    },
  );
  api.get(
    '/sites/:id',
    {
      schema: { ...schema, summary: 'One site', params: IdParams, response: { 200: Site } },
      config: { scope: 'read' },
    },
    async ({ params }) => toSite(await sites.require(params.id)),
  );
  api.patch(
    '/sites/:id',
    {
      schema: { ...schema, summary: 'Change a site', params: IdParams, body: SitePatch, response: { 200: Site } },
      config: { scope: 'write', audit: 'site.change' },
    },
    async ({ params, body }) => {
      const {
        emission_factor_kg_per_kwh: emissionFactorKgPerKwh,
        is_default: isDefault,
        tariff_id: tariffId,
        ...rest
      } = body;
      const site = await sites.require(params.id);
      const changed = await sites.update(site.id, { ...rest, emissionFactorKgPerKwh, isDefault, tariffId });
      onChange();
      return toSite(changed);
    },
  );
  api.delete(
    '/sites/:id',
    {
      schema: { ...schema, summary: 'Remove a site without devices', params: IdParams, response: { 204: z.null() } },
      config: { scope: 'admin', audit: 'site.remove' },
    },
    async ({ params }, reply) => {
      await sites.remove((await sites.require(params.id)).id);
      return reply.status(204).send(null);
    },
  );
}

function toSite(site: SiteRecord): Site {
  return {
    id: site.id,
    name: site.name,
    timezone: site.timezone,
    currency: site.currency,
    latitude: site.latitude,
    longitude: site.longitude,
    country: site.country,
    emission_factor_kg_per_kwh: site.emissionFactorKgPerKwh,
    is_default: site.isDefault,
    is_demo: site.isDemo,
    tariff_id: site.tariffId,
    created_at: formatInstant(site.createdAt),
  };
}
