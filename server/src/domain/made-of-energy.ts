import type { Metric } from '@wattkeeper/contract/metric.ts';
import { splitMetric } from './metric-catalogue.ts';

/** Groups of operating conditions, whatever the names of their metrics (CO₂ in the air of a hall is not an emission of its energy). */
const CONDITION_GROUPS = new Set(['production', 'environment', 'weather']);
/** Groups that contain only energy and quantities derived from it. */
const MADE_GROUPS = new Set(['energy', 'carbon', 'cost', 'emissions']);
/** Power, energy, current, apparent and reactive power. */
const ELECTRIC_UNIT = /^[mkMGT]?(W|VA|var|A)h?$/i;
const WORDS = new Set(
  'co2 co2e co2eq carbon emission emissions ghg cost costs bill reactive apparent energy kwh mwh wh kvarh kvar kvah kva cosphi pf kosten koszt koszty energie energia verbrauch wirkleistung blindleistung scheinleistung zuzycie emisja emissionen'.split(
    ' ',
  ),
);
const PHRASES = ['power_factor', 'cos_phi', 'leistungs_faktor', 'leistungsfaktor'];
const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/** Whether a metric is one of the known conditions that may drive energy. */
export function isCondition(metric: string): boolean {
  return CONDITION_GROUPS.has(splitMetric(metric).group);
}

/**
 * Whether a metric is energy in another form or derived from it: power, current, reactive energy, power factor, cost, carbon. A quantity
 * derived from the energy cannot be its driver (IPMVP: independent variables).
 */
export function isMadeOfEnergy({ name, unit }: Pick<Metric, 'name' | 'unit'>): boolean {
  const bare = unit.trim();
  if (ELECTRIC_UNIT.test(bare) || bare === '¤' || CURRENCIES.has(bare)) return true;
  if (isCondition(name)) return false;
  const { group } = splitMetric(name);
  if (MADE_GROUPS.has(group.split('.')[0]!)) return true;
  const words = name
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, '_')
    .toLowerCase()
    // A price or an intensity is per kWh, not an amount.
    .replace(/_per_k?wh$/, '')
    .split(/[^\p{L}\d]+/u);
  const joined = words.join('_');
  return /co[2₂]/i.test(bare) || words.some((word) => WORDS.has(word)) || PHRASES.some((one) => joined.includes(one));
}
