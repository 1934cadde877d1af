/** Kinds of devices. In a separate file, so that pages need not load the schemas. */
export const DEVICE_KINDS = [
  'inverter',
  'battery',
  'meter',
  'machine',
  'charger',
  'vehicle',
  'weather_station',
  'tariff_feed',
  'system',
  'other',
] as const;
