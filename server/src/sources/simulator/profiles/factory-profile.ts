import type { FaultRule } from '../faults.ts';
import type { Profile } from '../site-model.ts';
import { MACHINES } from './factory-machines.ts';
import { FactoryModel } from './factory-model.ts';

/** Faults of all machines, relative to their power. */
const MACHINE_FAULTS: readonly FaultRule[] = MACHINES.flatMap(({ key, runKw }): FaultRule[] => [
  {
    device: key,
    metric: 'energy.power_kw',
    kind: 'power_spike',
    magnitude: [0.8 * runKw, 1.6 * runKw],
    minutes: [20, 120],
    hours: [6, 19],
  },
  { device: key, metric: 'energy.power_kw', kind: 'drop', magnitude: [-0.8, -0.5], minutes: [45, 240], hours: [6, 17] },
  {
    device: key,
    metric: 'energy.power_kw',
    kind: 'efficiency_drop',
    magnitude: [0.18, 0.35],
    minutes: [960, 4000],
    hours: [5, 8],
  },
  {
    device: key,
    metric: 'energy.power_kw',
    kind: 'unusual_pattern',
    magnitude: [0.35 * runKw, 0.6 * runKw],
    minutes: [120, 330],
    hours: [22.5, 24],
  },
  { device: key, metric: '*', kind: 'gap', magnitude: [0, 0], minutes: [30, 240] },
]);

const OTHER_FAULTS: readonly FaultRule[] = [
  {
    device: 'compressor',
    metric: 'environment.pressure_bar',
    kind: 'pressure',
    magnitude: [-1.7, -0.9],
    minutes: [60, 480],
    hours: [6, 18],
  },
  {
    device: 'climate',
    metric: 'environment.indoor_temp_c',
    kind: 'temperature_spike',
    magnitude: [7, 13],
    minutes: [40, 200],
  },
  {
    device: 'climate',
    metric: 'environment.outdoor_temp_c',
    kind: 'stuck_sensor',
    magnitude: [0, 0],
    minutes: [400, 1400],
  },
];

const MACHINE_NAMES = new Map(
  Object.entries<readonly [name: string, line: string]>({
    moulder: ['Injection moulder', 'moulding'],
    mill: ['CNC mill', 'toolroom'],
    compressor: ['Air compressor', 'utilities'],
    oven: ['Drying oven', 'finishing'],
    chiller: ['Chiller', 'utilities'],
    packaging: ['Packaging line', 'dispatch'],
    paint: ['Paint shop', 'finishing'],
    ventilation: ['Air handling', 'utilities'],
  }),
);

/** A plastics factory with eight machines in two or three shifts. */
export const FACTORY: Profile = {
  site: {
    name: 'Demo plastics works',
    timezone: 'Europe/Vienna',
    currency: 'EUR',
    latitude: 48.31,
    longitude: 14.29,
    country: 'AT',
    tariff: {
      name: 'Industry, day and night',
      import_price: {
        type: 'time_of_use',
        bands: [
          {
            name: 'day',
            price_per_kwh: 0.172,
            weekdays: [1, 2, 3, 4, 5],
            from: '06:00',
            to: '22:00',
            holidays: 'exclude',
          },
        ],
        otherwise: { name: 'night', price_per_kwh: 0.124 },
        holidays: [],
      },
      export_price: { type: 'none' },
      fixed_per_day: 4.2,
      demand_per_kw_month: 5.1,
    },
  },
  devices: [
    ...MACHINES.map(({ key }) => {
      const [name, line] = MACHINE_NAMES.get(key) ?? [key, ''];
      return { key, name, kind: 'machine' as const, labels: { line } };
    }),
    { key: 'building', name: 'Building services', kind: 'other', labels: { line: 'building' } },
    { key: 'main-meter', name: 'Main meter', kind: 'meter', labels: { line: 'transformer' } },
    { key: 'climate', name: 'Hall climate', kind: 'weather_station', labels: {} },
  ],
  climate: {
    altitudeM: 266,
    meanC: 10.4,
    seasonK: 10.2,
    dayK: 6,
    strayK: 3.6,
    cloudyWinter: 0.55,
    cloudySummer: -0.15,
    turbidityWinter: 2.6,
    turbiditySummer: 3.8,
    windMS: 2.4,
  },
  faultRules: [...MACHINE_FAULTS, ...OTHER_FAULTS],
  faultsPerDay: 0.12,
  build: (parts) => new FactoryModel(parts),
};
