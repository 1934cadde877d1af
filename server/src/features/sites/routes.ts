import { formatInstant } from '@wattkeeper/contract/common.ts';
import { changeSite, createSite, getSite, listSites, removeSite } from '@wattkeeper/contract/endpoints/sites.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

/**
 * `/sites`.
 * @param onChange called after a site changed
 */
export function siteRoutes(api: Api, { sites }: RecordStore, onChange: () => void): void {
  serve(api, listSites, async ({ query }) => pageOfList((await sites.list()).map(toSite), query, ({ id }) => id));
  serve(api, createSite, async ({ body }) => {
    const { emission_factor_kg_per_kwh: emissionFactorKgPerKwh, ...fields } = body;
    return toSite(await sites.create({ ...fields, emissionFactorKgPerKwh }));
  });
  serve(api, getSite, async ({ params }) => toSite(await sites.require(params.id)));
  serve(api, changeSite, async ({ params, body }) => {
    const {
      emission_factor_kg_per_kwh: emissionFactorKgPerKwh,
      is_default: isDefault,
      tariff_id: tariffId,
      ...fields
    } = body;
    const site = await sites.require(params.id);
    const changed = await sites.update(site.id, { ...fields, emissionFactorKgPerKwh, isDefault, tariffId });
    onChange();
    return toSite(changed);
  });
  serve(api, removeSite, async ({ params }) => {
    await sites.remove((await sites.require(params.id)).id);
  });
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
