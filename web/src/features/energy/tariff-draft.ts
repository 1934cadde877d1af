import { type Tariff, TariffCreate } from '@wattkeeper/contract/tariff.ts';

export type ImportType = Tariff['import_price']['type'];
export type ExportType = Tariff['export_price']['type'];
export type HolidayRule = 'include' | 'exclude' | 'only';

/** A band in the form: numbers and days are text. */
export interface BandDraft {
  readonly key: string;
  readonly name: string;
  readonly price: string;
  readonly from: string;
  readonly to: string;
  readonly weekdays: readonly number[];
  readonly seasonFrom: string;
  readonly seasonTo: string;
  readonly holidays: HolidayRule;
}
export interface TierDraft {
  readonly key: string;
  readonly upTo: string;
  readonly price: string;
}
export interface DynamicDraft {
  readonly markup: string;
  readonly factor: string;
  readonly fallback: string;
}

/** A tariff in the form. Each kind of price keeps its input while another kind is selected. */
export interface TariffDraft {
  readonly name: string;
  readonly importType: ImportType;
  readonly importFlat: string;
  readonly importDynamic: DynamicDraft;
  readonly bands: readonly BandDraft[];
  readonly otherwise: { readonly name: string; readonly price: string };
  readonly holidays: string;
  readonly tierPeriod: 'day' | 'month';
  readonly tiers: readonly TierDraft[];
  readonly exportType: ExportType;
  readonly exportFlat: string;
  readonly exportDynamic: DynamicDraft;
  readonly fixedPerDay: string;
  readonly demandPerKw: string;
}

const EVERY_DAY: readonly number[] = [1, 2, 3, 4, 5, 6, 7];
const DYNAMIC: DynamicDraft = { markup: '0', factor: '1', fallback: '' };

let lastKey = 0;
function nextKey(): string {
  lastKey += 1;
  return `row-${lastKey}`;
}

export function newBand(): BandDraft {
  const span = { from: '07:00', to: '22:00', seasonFrom: '', seasonTo: '' };
  return { key: nextKey(), name: '', price: '', weekdays: EVERY_DAY, holidays: 'include', ...span };
}

export function newTier(): TierDraft {
  return { key: nextKey(), upTo: '', price: '' };
}

export function emptyDraft(): TariffDraft {
  return {
    name: '',
    importType: 'flat',
    importFlat: '',
    importDynamic: DYNAMIC,
    bands: [newBand()],
    otherwise: { name: '', price: '' },
    holidays: '',
    tierPeriod: 'month',
    tiers: [newTier()],
    exportType: 'none',
    exportFlat: '',
    exportDynamic: DYNAMIC,
    fixedPerDay: '0',
    demandPerKw: '0',
  };
}

export function draftOf(tariff: Tariff): TariffDraft {
  const { import_price: bought, export_price: sold } = tariff;
  return {
    ...emptyDraft(),
    name: tariff.name,
    importType: bought.type,
    exportType: sold.type,
    fixedPerDay: String(tariff.fixed_per_day),
    demandPerKw: String(tariff.demand_per_kw_month),
    ...importDraft(bought),
    ...(sold.type === 'flat' ? { exportFlat: String(sold.price_per_kwh) } : {}),
    ...(sold.type === 'dynamic' ? { exportDynamic: dynamicDraft(sold) } : {}),
  };
}

function importDraft(price: Tariff['import_price']): Partial<TariffDraft> {
  if (price.type === 'flat') return { importFlat: String(price.price_per_kwh) };
  if (price.type === 'dynamic') return { importDynamic: dynamicDraft(price) };
  if (price.type === 'tiered') {
    const tiers = price.tiers.map((tier) => ({
      key: nextKey(),
      upTo: tier.up_to_kwh === null ? '' : String(tier.up_to_kwh),
      price: String(tier.price_per_kwh),
    }));
    return { tierPeriod: price.period, tiers };
  }
  return {
    otherwise: { name: price.otherwise.name, price: String(price.otherwise.price_per_kwh) },
    holidays: price.holidays.join(', '),
    bands: price.bands.map((band) => ({
      key: nextKey(),
      name: band.name,
      price: String(band.price_per_kwh),
      from: band.from,
      to: band.to,
      weekdays: band.weekdays ?? EVERY_DAY,
      seasonFrom: band.season?.from ?? '',
      seasonTo: band.season?.to ?? '',
      holidays: band.holidays,
    })),
  };
}

function dynamicDraft(price: { markup_per_kwh: number; factor: number; fallback_per_kwh: number }): DynamicDraft {
  return {
    markup: String(price.markup_per_kwh),
    factor: String(price.factor),
    fallback: String(price.fallback_per_kwh),
  };
}

/** The request body: text becomes numbers (0.25 or 0,25); other text is left for validation to reject. */
export function requestOf(draft: TariffDraft): Record<string, unknown> {
  return {
    name: draft.name,
    import_price: importRequest(draft),
    export_price: exportRequest(draft),
    fixed_per_day: numberOf(draft.fixedPerDay),
    demand_per_kw_month: numberOf(draft.demandPerKw),
  };
}

function importRequest(draft: TariffDraft): Record<string, unknown> {
  const type = draft.importType;
  if (type === 'flat') return { type, price_per_kwh: numberOf(draft.importFlat) };
  if (type === 'dynamic') return { type, ...dynamicRequest(draft.importDynamic) };
  if (type === 'tiered') {
    const tiers = draft.tiers.map(({ upTo, price }) => ({
      up_to_kwh: upTo.trim() === '' ? null : numberOf(upTo),
      price_per_kwh: numberOf(price),
    }));
    return { type, period: draft.tierPeriod, tiers };
  }
  return {
    type,
    bands: draft.bands.map(bandRequest),
    otherwise: { name: draft.otherwise.name, price_per_kwh: numberOf(draft.otherwise.price) },
    holidays: draft.holidays.split(/[\s,;]+/).filter(Boolean),
  };
}

function bandRequest(band: BandDraft): Record<string, unknown> {
  return {
    name: band.name,
    price_per_kwh: numberOf(band.price),
    ...(band.weekdays.length === EVERY_DAY.length ? {} : { weekdays: band.weekdays }),
    from: band.from,
    to: band.to,
    ...(band.seasonFrom || band.seasonTo ? { season: { from: band.seasonFrom, to: band.seasonTo } } : {}),
    holidays: band.holidays,
  };
}

function exportRequest(draft: TariffDraft): Record<string, unknown> {
  const type = draft.exportType;
  if (type === 'none') return { type };
  return type === 'flat'
    ? { type, price_per_kwh: numberOf(draft.exportFlat) }
    : { type, ...dynamicRequest(draft.exportDynamic) };
}

function dynamicRequest({ markup, factor, fallback }: DynamicDraft): Record<string, unknown> {
  return { markup_per_kwh: numberOf(markup), factor: numberOf(factor), fallback_per_kwh: numberOf(fallback) };
}

function numberOf(text: string): number | undefined {
  const plain = text.trim().replace(',', '.');
  const value = Number(plain);
  return plain === '' || Number.isNaN(value) ? undefined : value;
}

/** Errors by the API's field path: `import_price.bands.0.price_per_kwh`. */
export type FieldErrors = Readonly<Record<string, string>>;

/** The error for an empty field; all other errors are the contract's. */
export interface CheckWords {
  readonly number: string;
  readonly text: string;
}

/** The draft as a valid request body, or its errors by field. */
export function checkDraft(draft: TariffDraft, words: CheckWords): { tariff: TariffCreate } | { errors: FieldErrors } {
  const checked = TariffCreate.safeParse(requestOf(draft));
  if (checked.success) return { tariff: checked.data };
  const errors = checked.error.issues.map((issue) => {
    if (issue.code === 'invalid_type' && issue.expected === 'number') return [issue.path.join('.'), words.number];
    const empty = issue.code === 'too_small' && issue.origin === 'string';
    return [issue.path.join('.'), empty ? words.text : issue.message];
  });
  return { errors: Object.fromEntries(errors) };
}
