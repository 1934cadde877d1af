import type { DEVICE_KINDS } from '@wattkeeper/contract/device-kinds.ts';
import type { ImportDetection } from '@wattkeeper/contract/import.ts';

export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** The target of a column. */
export interface ColumnDraft {
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  readonly isUsed: boolean;
}

/** The field texts for a new site. */
export interface NewSite {
  readonly name: string;
  readonly timezone: string;
  readonly currency: string;
  readonly country: string;
  readonly latitude: string;
  readonly longitude: string;
}

/** The user's decisions about a file, which override the detected mapping. */
export interface ImportDraft {
  /** Time zone of times without an offset. */
  readonly timezone: string;
  /** Name of an existing site; null: the new one. */
  readonly site: string | null;
  readonly newSite: NewSite;
  readonly kind: DeviceKind;
  /** Empty for a format with fixed columns, such as NEM12. */
  readonly columns: readonly ColumnDraft[];
}

type Mapping = Readonly<Record<string, unknown>>;

/** The decisions that a detected mapping proposes. */
export function draftOf(
  { mapping }: Pick<ImportDetection, 'mapping'>,
  site: string | null,
  currency: string,
): ImportDraft {
  const proposed = recordOf(mapping.site);
  const timezone = textOf(recordOf(mapping.timestamp).timezone) || textOf(proposed.timezone) || 'UTC';
  return {
    timezone,
    site,
    newSite: {
      name: textOf(proposed.name) || textOf(mapping.site),
      timezone: textOf(proposed.timezone) || timezone,
      currency: textOf(proposed.currency) || currency,
      country: '',
      latitude: '',
      longitude: '',
    },
    kind: (textOf(mapping.kind) || 'other') as DeviceKind,
    columns: Object.entries(recordOf(mapping.columns)).map(([name, column]) => ({
      name,
      metric: textOf(recordOf(column).metric),
      unit: textOf(recordOf(column).unit),
      isUsed: true,
    })),
  };
}

/** The mapping with the user's decisions. */
export function decidedMapping(detected: Mapping, draft: ImportDraft): Mapping {
  const { timezone, site, kind } = draft;
  return {
    ...detected,
    site: site === null ? newSiteOf(draft.newSite) : { name: site },
    kind,
    timestamp: { ...recordOf(detected.timestamp), timezone },
    ...(draft.columns.length > 0 && { columns: columnsOf(recordOf(detected.columns), draft.columns) }),
  };
}

function columnsOf(detected: Mapping, columns: readonly ColumnDraft[]): Mapping {
  return Object.fromEntries(
    columns
      .filter(({ isUsed }) => isUsed)
      .map(({ name, metric, unit }) => {
        const { unit: _, ...rest } = recordOf(detected[name]);
        return [name, { ...rest, metric: metric.trim(), ...(unit.trim() && { unit: unit.trim() }) }];
      }),
  );
}

function newSiteOf({ name, timezone, currency, country, latitude, longitude }: NewSite): Mapping {
  const hasPlace = latitude.trim() !== '' && longitude.trim() !== '';
  return {
    name: name.trim(),
    timezone,
    currency: currency.trim().toUpperCase(),
    ...(country.trim() && { country: country.trim().toUpperCase() }),
    ...(hasPlace && { latitude: degrees(latitude), longitude: degrees(longitude) }),
  };
}

/** A number with a decimal point or comma. */
function degrees(text: string): number | string {
  const value = Number(text.trim().replace(',', '.'));
  return Number.isFinite(value) ? value : text;
}

function recordOf(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
