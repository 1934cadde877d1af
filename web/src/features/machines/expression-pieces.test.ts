import { expect, it } from 'vitest';
import { KPI_PIECES, pieceOf, withPiece } from './expression-pieces.ts';

it('a metric is inserted with the aggregation of its kind, in quotes where its name needs them', () => {
  expect(pieceOf('energy.power_kw', { kind: 'gauge', unit: 'kW' })).toBe('energy(energy.power_kw)');
  expect(pieceOf('production.count', { kind: 'delta', unit: 'units' })).toBe('sum(production.count)');
  expect(pieceOf('energy.energy_kwh', { kind: 'counter', unit: 'kWh' })).toBe('sum(energy.energy_kwh)');
  expect(pieceOf('rv.tank-1."a"', undefined)).toBe('mean("rv.tank-1.\\"a\\"")');
});

it('an element is inserted at the caret', () => {
  expect(withPiece('', 'kpi.energy', { start: 0, end: 0 })).toBe('kpi.energy');
  expect(withPiece('kpi.energy /', 'kpi.sec', { start: 12, end: 12 })).toBe('kpi.energy / kpi.sec');
  expect(withPiece('(xx) * 2', 'kpi.sec', { start: 1, end: 3 })).toBe('(kpi.sec) * 2');
  expect(KPI_PIECES).toContain('kpi.peak_demand');
});
