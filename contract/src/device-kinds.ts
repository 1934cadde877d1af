/** What a device can be. Apart from the schemas, so that pages need not load those. */
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
