import { widthOfStep } from '../../../domain/time/intervals.ts';
import { knownUnit } from '../../../domain/units.ts';

/** A column's metric, as in a mapping. */
export interface Meaning {
  readonly metric: string;
  readonly unit?: string;
  /** Length of the intervals, for an amount per interval. */
  readonly per?: string;
}

/** Words in exporters' headers, in order of precedence. */
const GROUPS = [
  ['other', /forecast|prognos|previs|predict|angle|zenith|factor|irradia|voltage|current|reactive|cost|amount/i],
  ['price', /price|preis|prix|prijs|cena|tarif/i],
  ['temperature', /temp/i],
  ['soc', /\bsoc\b|state of charge|ladezustand/i],
  ['export', /export|feed.?in|fed.?in|einspeis|injecti|oddan|teruglever|retour|surplus|\bsold\b|to grid/i],
  ['solar', /solar|\bpv\b|pv_|photovolt|produc|generat|erzeug|ertrag|yield|opwek|produkcj/i],
  ['battery', /batter|akku/i],
  ['grid', /\bgrid|import|bezug|netz|afname|pobran|purchase|bought|soutir/i],
  [
    'load',
    /consum|consom|load|usage|\buse\b|verbrauch|verbruik|zu[zż]yci|demand|leistung|power|energy|energie|kwh|\bkw\b/i,
  ],
] as const;
const UNIT = /(?:^|[^\p{L}°])(kWh|MWh|Wh|kW|MW|W|°C|°F|%|V|A|Hz|(?:EUR|USD|GBP|€|\$)\/[kM]Wh)(?=$|[^\p{L}])/iu;
const SPELLINGS = ['kWh', 'MWh', 'Wh', 'kW', 'MW', 'W', '°C', '°F', '%', 'V', 'A', 'Hz'];
/** Minimum number of non-decreasing values that identify a counter. */
const MIN_COUNTER_VALUES = 24;

/**
 * Determines the metric of a column of numbers from its name, unit and values.
 * @param interval milliseconds between rows; null for a single row
 */
export function meaningOf(name: string, values: readonly number[], interval: number | null): Meaning {
  const unit = unitIn(name) ?? (/temp\S*F$|fahrenheit/i.test(name) ? '°F' : undefined);
  const [group] = GROUPS.find(([, words]) => words.test(name)) ?? [];
  const quantity = unit === undefined ? undefined : knownUnit(unit)?.quantity;
  if (group === 'other') return { metric: otherMetric(name) };
  if (group === 'price') return { metric: 'price.import_per_kwh', ...(unit?.includes('/') && { unit }) };
  if (group === 'temperature' || quantity === 'temperature')
    return { metric: 'weather.temperature_c', ...(unit !== undefined && quantity === 'temperature' && { unit }) };
  if (group === 'soc') return { metric: 'battery.soc_percent' };
  const source = group ?? (quantity === 'energy' || quantity === 'power' ? 'load' : undefined);
  if (source === undefined || (quantity !== undefined && quantity !== 'energy' && quantity !== 'power'))
    return { metric: otherMetric(name) };
  if (quantity !== 'energy') return { metric: power(source), ...(unit !== undefined && unit !== 'kW' && { unit }) };
  if (isCounter(values)) return { metric: counter(source), ...(unit !== 'kWh' && { unit: unit! }) };
  const isSigned = values.some((value) => value < 0);
  return {
    metric: perInterval(source, isSigned),
    ...(unit !== 'kWh' && { unit: unit! }),
    ...(interval !== null && { per: widthOfStep(interval) }),
  };
}

/** The unit in a header: `Energy (kWh)`, `load_w`. */
export function unitIn(name: string): string | undefined {
  const found = UNIT.exec(name)?.[1];
  return found && (SPELLINGS.find((unit) => unit.toLowerCase() === found.toLowerCase()) ?? found);
}

/** A metric outside the catalogue, named after the column. */
export function otherMetric(name: string): string {
  return `imported.${slug(name)}`;
}

/** A letter, then letters, digits and underscores. */
function slug(name: string): string {
  const text = name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 50);
  return /^[a-z]/.test(text) ? text : `column_${text || '0'}`;
}

function power(source: string): string {
  return source === 'export' ? 'grid.export_power_kw' : `${source}.power_kw`;
}

function counter(source: string): string {
  if (source === 'grid') return 'grid.energy_imported_kwh';
  if (source === 'export') return 'grid.energy_exported_kwh';
  return source === 'battery' ? 'battery.energy_charged_kwh' : `${source}.energy_kwh`;
}

/**
 * The metric for the energy per interval of a source. Energy that can be negative is that of the grid: the meter of a house with feed-in.
 */
export function perInterval(source: string, isSigned = false): string {
  if (source === 'export') return 'grid.exported_interval_kwh';
  if (source === 'grid' || (source === 'load' && isSigned))
    return isSigned ? 'grid.interval_kwh' : 'grid.imported_interval_kwh';
  return `${source}.interval_kwh`;
}

/** A counter never decreases; a short column must also be large compared with its growth. */
function isCounter(values: readonly number[]): boolean {
  const [first, last] = [values[0] ?? 0, values.at(-1) ?? 0];
  const [lowest, highest] = [Math.min(first, last), Math.max(first, last)];
  const ordered = first <= last ? values : values.toReversed();
  const grows = highest > lowest && ordered.every((value, i) => i === 0 || value >= ordered[i - 1]!);
  return grows && (values.length >= MIN_COUNTER_VALUES || lowest > (10 * (highest - lowest)) / values.length);
}
