/** Fields of the records of older installations and their metrics. Several fields may map to one metric: the first present one is used. */
interface OlderField {
  readonly path: string;
  readonly metric: string;
  /** Factor to the metric's unit. */
  readonly scale?: number;
}

// The signs of battery power and current differ between installations, so they are read only with a mapping that declares them.
const FIELDS: readonly OlderField[] = [
  { path: 'battery.soc_percent', metric: 'battery.soc_percent' },
  { path: 'battery.soh_percent', metric: 'battery.soh_percent' },
  { path: 'battery.voltage_v', metric: 'battery.voltage_v' },
  { path: 'battery.temperature_c', metric: 'battery.temperature_c' },
  { path: 'photovoltaic.current_power_kw', metric: 'solar.power_kw' },
  { path: 'photovoltaic.current_power_w', metric: 'solar.power_kw', scale: 0.001 },
  { path: 'grid.current_power_kw', metric: 'grid.power_kw' },
  { path: 'grid.current_power_w', metric: 'grid.power_kw', scale: 0.001 },
  { path: 'grid.voltage_v', metric: 'grid.voltage_v' },
  { path: 'grid.frequency_hz', metric: 'grid.frequency_hz' },
  { path: 'house_consumption.current_power_kw', metric: 'load.power_kw' },
  { path: 'house_consumption.current_power_w', metric: 'load.power_kw', scale: 0.001 },
  { path: 'pricing.current_price_pln', metric: 'price.import_per_kwh' },
];

/** Path of the current record in a coordinator's state. */
const WRAPPER = 'current_data.';

/** The fields of records, including those inside a coordinator's state. */
export const OLDER_FIELDS: readonly OlderField[] = [
  ...FIELDS,
  ...FIELDS.map((field) => ({ ...field, path: WRAPPER + field.path })),
];

/** Texts that mean a missing value. */
export const OLDER_MISSING: readonly string[] = ['Unknown', 'unknown', 'N/A', 'n/a', 'None', 'null', 'unavailable'];

export const OLDER_TIMESTAMP = 'timestamp';
export const OLDER_SERIAL = 'system.inverter_serial';

const NAME = /^energy_data_(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})\.json(\.gz)?$/;

/** The local time in the name of a record's file, such as `2025-10-14T10:15:00`; null for other names. */
export function timeOfName(name: string): string | null {
  const parts = NAME.exec(name);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}`;
}
