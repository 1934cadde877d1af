import type { Site, SitePatch } from '@wattkeeper/contract/site.ts';

/** A site as its form holds it: every field as the text that the reader sees. */
export interface SiteDraft {
  readonly name: string;
  readonly timezone: string;
  readonly currency: string;
  readonly latitude: string;
  readonly longitude: string;
  readonly country: string;
  /** kg of CO₂ for a kWh from the grid. */
  readonly emissionFactor: string;
}

/** The draft of a known site, or of a new one where the reader is. */
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
    // A site that was made by its first reading has no zone of its own yet.
    timezone: isUnplaced(site) ? browserZone : site.timezone,
    currency: site.currency,
    latitude: site.latitude === null ? '' : String(site.latitude),
    longitude: site.longitude === null ? '' : String(site.longitude),
    country: site.country ?? '',
    emissionFactor: String(site.emission_factor_kg_per_kwh),
  };
}

/** Whether nobody has said where the site is. */
export function isUnplaced(site: Pick<Site, 'timezone' | 'latitude' | 'is_demo'>): boolean {
  return site.timezone === 'UTC' && site.latitude === null && !site.is_demo;
}

/** The fields as the API takes them; a field that may be left out and is empty is null. */
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
