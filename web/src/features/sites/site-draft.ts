import type { Site, SitePatch } from '@wattkeeper/contract/site.ts';

/** A site in its form: each field as displayed text. */
export interface SiteDraft {
  readonly name: string;
  readonly timezone: string;
  readonly currency: string;
  readonly latitude: string;
  readonly longitude: string;
  readonly country: string;
  /** Carbon intensity of grid import, kg CO₂ per kWh. */
  readonly emissionFactor: string;
}

/** The draft of an existing site, or of a new one in the browser's time zone. */
export function siteDraft(site: Site | undefined, browserZone: string): SiteDraft {
  if (!site) {
    return {
      name: '',
      timezone: browserZone,
      currency: 'EUR',
      latitude: '',
      longitude: '',
      country: '',
      emissionFactor: '',
    };
  }
  return {
    name: site.name,
    // A site created by its first reading has a default time zone.
    timezone: isUnplaced(site) ? browserZone : site.timezone,
    currency: site.currency,
    latitude: site.latitude === null ? '' : String(site.latitude),
    longitude: site.longitude === null ? '' : String(site.longitude),
    country: site.country ?? '',
    emissionFactor: String(site.emission_factor_kg_per_kwh),
  };
}

/** Whether the site's location is missing. */
export function isUnplaced(site: Pick<Site, 'timezone' | 'latitude' | 'is_demo'>): boolean {
  return site.timezone === 'UTC' && site.latitude === null && !site.is_demo;
}

/** The request body; an empty optional field is null. */
export function sitePatch(draft: SiteDraft): SitePatch {
  const number = (text: string) => (text.trim() === '' ? null : Number(text));
  const factor = number(draft.emissionFactor);
  return {
    name: draft.name.trim(),
    timezone: draft.timezone,
    currency: draft.currency,
    latitude: number(draft.latitude),
    longitude: number(draft.longitude),
    country: draft.country === '' ? null : draft.country,
    ...(factor === null ? {} : { emission_factor_kg_per_kwh: factor }),
  };
}
