import type { FaultRule } from '../faults.ts';
import type { Profile } from '../site-model.ts';
import { RvModel } from './rv-model.ts';

const FAULTS: readonly FaultRule[] = [
  { device: 'loads', metric: 'load.power_kw', kind: 'power_spike', magnitude: [0.12, 0.3], minutes: [60, 240] },
  {
    device: 'solar',
    metric: 'solar.power_kw',
    kind: 'efficiency_drop',
    magnitude: [-0.5, -0.25],
    minutes: [900, 3000],
    hours: [8, 11],
  },
  {
    device: 'battery',
    metric: 'battery.temperature_c',
    kind: 'temperature_spike',
    magnitude: [10, 16],
    minutes: [30, 120],
  },
  { device: 'tank', metric: 'rv.water_tank_percent', kind: 'stuck_sensor', magnitude: [0, 0], minutes: [600, 2400] },
  { device: 'climate', metric: '*', kind: 'gap', magnitude: [0, 0], minutes: [60, 600] },
];

/** A camper with a small roof array, a 12 V battery and occasional shore power. */
export const RV: Profile = {
  site: {
    name: 'Demo camper',
    timezone: 'Europe/Lisbon',
    currency: 'EUR',
    latitude: 37.1,
    longitude: -8.67,
    country: 'PT',
    tariff: {
      name: 'Campsite hook-up',
      import_price: { type: 'flat', price_per_kwh: 0.42 },
      export_price: { type: 'none' },
      fixed_per_day: 0,
      demand_per_kw_month: 0,
    },
  },
  devices: [
    { key: 'solar', name: 'Solar charger', kind: 'inverter', labels: { room: 'roof' } },
    { key: 'battery', name: 'House battery', kind: 'battery', labels: { room: 'bench', capacity_kwh: '2.56' } },
    { key: 'shore', name: 'Shore power', kind: 'meter', labels: {} },
    { key: 'loads', name: 'Camper loads', kind: 'meter', labels: {} },
    { key: 'tank', name: 'Fresh water tank', kind: 'other', labels: { capacity_l: '100' } },
    { key: 'climate', name: 'Climate sensor', kind: 'weather_station', labels: {} },
  ],
  climate: {
    altitudeM: 30,
    meanC: 17.6,
    seasonK: 5.2,
    dayK: 4.2,
    strayK: 1.9,
    cloudyWinter: 0.05,
    cloudySummer: -1,
    turbidityWinter: 2.7,
    turbiditySummer: 3.6,
    windMS: 3.6,
  },
  faultRules: FAULTS,
  faultsPerDay: 0.04,
  build: (parts) => new RvModel(parts),
};
