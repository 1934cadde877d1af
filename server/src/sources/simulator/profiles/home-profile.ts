import type { FaultRule } from '../faults.ts';
import type { Profile } from '../site-model.ts';
import { HomeModel } from './home-model.ts';

const FAULTS: readonly FaultRule[] = [
  { device: 'house', metric: 'load.power_kw', kind: 'power_spike', magnitude: [1.8, 3.2], minutes: [40, 200] },
  {
    device: 'house',
    metric: 'load.power_kw',
    kind: 'unusual_pattern',
    magnitude: [0.5, 1.1],
    minutes: [120, 300],
    hours: [0.5, 2],
  },
  {
    device: 'inverter',
    metric: 'solar.string2_power_kw',
    kind: 'drop',
    magnitude: [-1, -0.6],
    minutes: [240, 1500],
    hours: [9, 14],
  },
  {
    device: 'inverter',
    metric: 'solar.power_kw',
    kind: 'efficiency_drop',
    magnitude: [-0.35, -0.18],
    minutes: [1440, 4000],
    hours: [8, 11],
  },
  {
    device: 'battery',
    metric: 'battery.temperature_c',
    kind: 'temperature_spike',
    magnitude: [11, 19],
    minutes: [30, 180],
  },
  { device: 'weather', metric: 'weather.temperature_c', kind: 'stuck_sensor', magnitude: [0, 0], minutes: [360, 1400] },
  { device: 'grid', metric: 'grid.voltage_v', kind: 'stuck_sensor', magnitude: [0, 0], minutes: [120, 700] },
  { device: 'charger', metric: '*', kind: 'gap', magnitude: [0, 0], minutes: [45, 600] },
  { device: 'inverter', metric: '*', kind: 'gap', magnitude: [0, 0], minutes: [20, 180] },
];

/** A family house with solar panels, a battery, a heat pump and an electric car, on a dynamic tariff. */
export const HOME: Profile = {
  site: {
    name: 'Demo home',
    timezone: 'Europe/Amsterdam',
    currency: 'EUR',
    latitude: 52.09,
    longitude: 5.12,
    country: 'NL',
    tariff: {
      name: 'Dynamic day-ahead',
      import_price: { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0.24 },
      export_price: { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0.07 },
      fixed_per_day: 0.62,
      demand_per_kw_month: 0,
    },
  },
  devices: [
    { key: 'inverter', name: 'Solar inverter', kind: 'inverter', labels: { room: 'attic' } },
    { key: 'battery', name: 'Home battery', kind: 'battery', labels: { room: 'garage', capacity_kwh: '10.24' } },
    { key: 'grid', name: 'Grid meter', kind: 'meter', labels: { room: 'hall' } },
    { key: 'house', name: 'House load', kind: 'meter', labels: { room: 'hall' } },
    { key: 'charger', name: 'Car charger', kind: 'charger', labels: { room: 'drive' } },
    { key: 'weather', name: 'Weather station', kind: 'weather_station', labels: { room: 'garden' } },
    { key: 'tariff', name: 'Day-ahead prices', kind: 'tariff_feed', labels: {} },
  ],
  climate: {
    altitudeM: 3,
    meanC: 10.6,
    seasonK: 7.6,
    dayK: 5.4,
    strayK: 3.3,
    cloudyWinter: 0.75,
    cloudySummer: 0.02,
    turbidityWinter: 2.6,
    turbiditySummer: 3.6,
    windMS: 3.4,
  },
  faultRules: FAULTS,
  faultsPerDay: 0.04,
  build: (parts) => new HomeModel(parts),
};
