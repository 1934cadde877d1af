import type { Metric, MetricKind } from '@wattkeeper/contract/metric.ts';
import { MAX_PRICE } from '@wattkeeper/contract/tariff.ts';

const IMPORT_EXPORT = '+ import, − export';
const CHARGE_DISCHARGE = '+ charge, − discharge';

type Entry = readonly [
  name: string,
  label: string,
  unit: string,
  kind: MetricKind,
  minimum: number | null,
  maximum: number | null,
  sign?: string,
];

/**
 * The built-in catalogue. Limits are those of physics or of the largest plausible plant, not of typical values: a value outside them is a
 * fault of transport or decoding and is quarantined. 100 MW limits powers, 1e9 kWh counters (a 100 MW plant for a thousand years), 1e8 kWh
 * the energy of an interval (a month of it), ±90 °C weather (records are −89.2 °C and 56.7 °C). Prices are in any currency.
 */
const ENTRIES: readonly Entry[] = [
  ['solar.power_kw', 'Solar power', 'kW', 'gauge', -10, 1e5],
  ...strings(8),
  ['solar.voltage_v', 'Solar voltage', 'V', 'gauge', 0, 2000],
  ['solar.current_a', 'Solar current', 'A', 'gauge', -100, 1e5],
  ['solar.irradiance_w_m2', 'Irradiance', 'W/m²', 'gauge', -20, 2000],
  ['solar.energy_kwh', 'Solar energy', 'kWh', 'counter', 0, 1e9],
  ['solar.interval_kwh', 'Solar energy per interval', 'kWh', 'delta', -1e6, 1e8],
  ['battery.soc_percent', 'Battery state of charge', '%', 'gauge', 0, 100],
  ['battery.soh_percent', 'Battery state of health', '%', 'gauge', 0, 110],
  ['battery.voltage_v', 'Battery voltage', 'V', 'gauge', 0, 2000],
  ['battery.current_a', 'Battery current', 'A', 'gauge', -1e5, 1e5, CHARGE_DISCHARGE],
  ['battery.power_kw', 'Battery power', 'kW', 'gauge', -1e5, 1e5, CHARGE_DISCHARGE],
  ['battery.temperature_c', 'Battery temperature', '°C', 'gauge', -60, 150],
  ['battery.energy_charged_kwh', 'Battery energy charged', 'kWh', 'counter', 0, 1e9],
  ['battery.energy_discharged_kwh', 'Battery energy discharged', 'kWh', 'counter', 0, 1e9],
  ['battery.interval_kwh', 'Battery energy per interval', 'kWh', 'delta', -1e8, 1e8, CHARGE_DISCHARGE],
  ['battery.charged_interval_kwh', 'Battery energy charged per interval', 'kWh', 'delta', 0, 1e8],
  ['battery.discharged_interval_kwh', 'Battery energy discharged per interval', 'kWh', 'delta', 0, 1e8],
  ['grid.power_kw', 'Grid power', 'kW', 'gauge', -1e5, 1e5, IMPORT_EXPORT],
  ['grid.voltage_v', 'Grid voltage', 'V', 'gauge', 0, 1e6],
  ['grid.frequency_hz', 'Grid frequency', 'Hz', 'gauge', 0, 100],
  ['grid.energy_imported_kwh', 'Grid energy imported', 'kWh', 'counter', 0, 1e9],
  ['grid.energy_exported_kwh', 'Grid energy exported', 'kWh', 'counter', 0, 1e9],
  ['grid.interval_kwh', 'Grid energy per interval', 'kWh', 'delta', -1e8, 1e8, IMPORT_EXPORT],
  ['grid.imported_interval_kwh', 'Grid energy imported per interval', 'kWh', 'delta', 0, 1e8],
  ['grid.exported_interval_kwh', 'Grid energy exported per interval', 'kWh', 'delta', 0, 1e8],
  ['load.power_kw', 'Load power', 'kW', 'gauge', -1e3, 1e5],
  ['load.energy_kwh', 'Load energy', 'kWh', 'counter', 0, 1e9],
  ['load.interval_kwh', 'Load energy per interval', 'kWh', 'delta', -1e6, 1e8],
  ['energy.power_kw', 'Power', 'kW', 'gauge', -1e5, 1e5],
  ['energy.energy_kwh', 'Energy', 'kWh', 'counter', 0, 1e9],
  ['energy.interval_kwh', 'Energy per interval', 'kWh', 'delta', -1e6, 1e8],
  ['energy.power_factor', 'Power factor', '', 'gauge', -1, 1],
  ['production.count', 'Production', 'units', 'delta', 0, 1e9],
  ['production.operating_hours', 'Operating hours', 'h', 'delta', 0, 24],
  ['production.material_moisture_percent', 'Material moisture', '%', 'gauge', 0, 100],
  ['production.status', 'Operating status', '', 'gauge', null, null],
  ['environment.outdoor_temp_c', 'Outdoor temperature', '°C', 'gauge', -90, 90],
  ['environment.indoor_temp_c', 'Indoor temperature', '°C', 'gauge', -90, 150],
  ['environment.humidity_percent', 'Humidity', '%', 'gauge', 0, 105],
  ['environment.pressure_bar', 'Pressure', 'bar', 'gauge', -1, 2000],
  ['weather.temperature_c', 'Outdoor temperature', '°C', 'gauge', -90, 90],
  ['weather.humidity_percent', 'Outdoor humidity', '%', 'gauge', 0, 105],
  ['weather.irradiance_w_m2', 'Global irradiance', 'W/m²', 'gauge', -20, 2000],
  ['weather.wind_speed_m_s', 'Wind speed', 'm/s', 'gauge', 0, 120],
  ['weather.cloud_cover_percent', 'Cloud cover', '%', 'gauge', 0, 100],
  ['price.import_per_kwh', 'Import price', '¤/kWh', 'gauge', -MAX_PRICE, MAX_PRICE],
  ['price.export_per_kwh', 'Export price', '¤/kWh', 'gauge', -MAX_PRICE, MAX_PRICE],
  ['carbon.intensity_kg_per_kwh', 'Carbon intensity', 'kg/kWh', 'gauge', 0, 5],
  ['vehicle.soc_percent', 'Vehicle state of charge', '%', 'gauge', 0, 100],
  ['vehicle.power_kw', 'Vehicle charging power', 'kW', 'gauge', -1e3, 1e4, CHARGE_DISCHARGE],
  ['vehicle.energy_kwh', 'Vehicle energy charged', 'kWh', 'counter', 0, 1e9],
  ['vehicle.interval_kwh', 'Vehicle energy charged per interval', 'kWh', 'delta', -1e6, 1e7],
  ['system.cpu_percent', 'Processor use', '%', 'gauge', 0, 100],
  ['system.memory_percent', 'Memory use', '%', 'gauge', 0, 100],
  ['system.disk_percent', 'Disk use', '%', 'gauge', 0, 100],
  ['system.response_time_ms', 'Response time', 'ms', 'gauge', 0, 3.6e6],
];

function strings(count: number): Entry[] {
  return Array.from({ length: count }, (_, i): readonly Entry[] => [
    [`solar.string${i + 1}_power_kw`, `Solar string ${i + 1} power`, 'kW', 'gauge', -10, 1e5],
    [`solar.string${i + 1}_voltage_v`, `Solar string ${i + 1} voltage`, 'V', 'gauge', 0, 2000],
    [`solar.string${i + 1}_current_a`, `Solar string ${i + 1} current`, 'A', 'gauge', -100, 1e5],
  ]).flat();
}

export const FIRST_CATALOGUE: readonly Metric[] = ENTRIES.map(([name, label, unit, kind, minimum, maximum, sign]) => ({
  name,
  label,
  unit,
  kind,
  minimum,
  maximum,
  sign: sign ?? null,
  custom: false,
}));

/** Groups of quantities that change continuously. */
const RESTLESS_GROUPS = new Set(['solar', 'grid', 'load', 'energy', 'environment', 'weather']);

/**
 * Whether a quantity changes continuously, except at zero and at the ends of its range, so that a constant value indicates a fault. A
 * charge, a status or a price may be constant for hours, two days may have the same energy, and nothing is known of metrics outside the
 * catalogue.
 */
export function isRestless(name: string): boolean {
  const isKnown = FIRST_CATALOGUE.some((metric) => metric.name === name && metric.kind !== 'delta');
  return isKnown && RESTLESS_GROUPS.has(splitMetric(name).group);
}

const UNIT_OF_SUFFIX = new Map(
  Object.entries({
    kw: 'kW',
    w: 'W',
    kwh: 'kWh',
    wh: 'Wh',
    v: 'V',
    a: 'A',
    hz: 'Hz',
    percent: '%',
    c: '°C',
    bar: 'bar',
    ms: 'ms',
    s: 's',
    w_m2: 'W/m²',
    m_s: 'm/s',
    per_kwh: '¤/kWh',
    hours: 'h',
  }),
);

/**
 * Known metrics: the built-in catalogue and those that users registered. The service has one instance. Any other metric is accepted as a
 * gauge without limits whose unit follows from its name (`rv.tank_percent` is in %).
 */
export class MetricCatalogue {
  readonly #metrics = new Map<string, Metric>(FIRST_CATALOGUE.map((metric) => [metric.name, metric]));

  /** The catalogue's entry, or undefined for a metric that is accepted without one. */
  get(name: string): Metric | undefined {
    return this.#metrics.get(name);
  }

  /** The entry, or the default for a metric without one. */
  describe(name: string): Metric {
    return this.#metrics.get(name) ?? undescribed(name);
  }

  register(metric: Metric): void {
    this.#metrics.set(metric.name, metric);
  }

  all(): Metric[] {
    return [...this.#metrics.values()];
  }
}

function undescribed(name: string): Metric {
  const quantity = splitMetric(name).quantity;
  return {
    name,
    label: quantity.replaceAll('_', ' '),
    unit: unitOf(quantity),
    kind: 'gauge',
    minimum: null,
    maximum: null,
    sign: null,
    custom: true,
  };
}

function unitOf(quantity: string): string {
  const parts = quantity.toLowerCase().split('_');
  return UNIT_OF_SUFFIX.get(parts.slice(-2).join('_')) ?? UNIT_OF_SUFFIX.get(parts.at(-1) ?? '') ?? '';
}

/** `battery.soc_percent` → group `battery`, quantity `soc_percent`; the last dot separates them. */
export function splitMetric(name: string): { group: string; quantity: string } {
  const dot = name.lastIndexOf('.');
  return { group: name.slice(0, dot), quantity: name.slice(dot + 1) };
}
