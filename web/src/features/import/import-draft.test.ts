import { expect, it } from 'vitest';
import { decidedMapping, draftOf } from './import-draft.ts';

const DETECTED = {
  site: { name: 'House', timezone: 'UTC', currency: 'EUR' },
  kind: 'meter',
  device: 'House',
  delimiter: ';',
  timestamp: { column: 'Time', format: 'dd.MM.yyyy HH:mm', timezone: 'Europe/Berlin' },
  columns: { 'Power (W)': { metric: 'grid.power_kw', unit: 'W', scale: -1 }, Note: { metric: 'imported.note' } },
};

it('an unchanged mapping equals the detected one', () => {
  expect(decidedMapping(DETECTED, draftOf({ mapping: DETECTED }, null, 'EUR'))).toEqual(DETECTED);
});

it('decisions on site, kind, zone and columns replace the detected values, and no others', () => {
  const draft = draftOf({ mapping: DETECTED }, null, 'EUR');
  const [power, note] = draft.columns;
  const mapping = decidedMapping(DETECTED, {
    ...draft,
    timezone: 'Europe/Warsaw',
    kind: 'inverter',
    newSite: { ...draft.newSite, name: ' Roof ', currency: 'pln', country: 'pl', latitude: '52,2', longitude: '21.0' },
    columns: [
      { ...power!, metric: 'solar.power_kw', unit: '' },
      { ...note!, isUsed: false },
    ],
  });
  expect(mapping).toEqual({
    ...DETECTED,
    site: { name: 'Roof', timezone: 'UTC', currency: 'PLN', country: 'PL', latitude: 52.2, longitude: 21 },
    kind: 'inverter',
    timestamp: { ...DETECTED.timestamp, timezone: 'Europe/Warsaw' },
    columns: { 'Power (W)': { metric: 'solar.power_kw', scale: -1 } },
  });
});

it('an existing site is sent by name alone, and an invalid location is left for the server to reject', () => {
  const draft = draftOf({ mapping: DETECTED }, 'Works', 'EUR');
  expect(decidedMapping(DETECTED, draft).site).toEqual({ name: 'Works' });
  const newSite = { ...draft.newSite, latitude: 'north', longitude: '1' };
  expect(decidedMapping(DETECTED, { ...draft, site: null, newSite }).site).toMatchObject({ latitude: 'north' });
});
