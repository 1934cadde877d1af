import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { MAX_PRICE } from '@wattkeeper/contract/tariff.ts';
import { expect, test } from 'vitest';
import type { Block } from '../domain/columns/batch.ts';
import { MetricCatalogue } from '../domain/metric-catalogue.ts';
import { MAX_QUARANTINED_PER_BATCH, MAX_REJECTIONS_LISTED, validate } from './validate.ts';

const NOW = Date.UTC(2026, 5, 1);
const catalogue = new MetricCatalogue();
const judge = (...blocks: Block[]) =>
  validate(blocks, (metric) => catalogue.describe(metric), NOW, Number.POSITIVE_INFINITY);

function block(group: string, values: Record<string, number[]>, timestamps?: number[]): Block {
  const columns = Object.values(values).map((column) => Float64Array.from(column));
  const rows = columns[0]?.length ?? 0;
  return {
    group,
    quantities: Object.keys(values),
    devices: ['a'],
    device: new Int32Array(rows),
    timestamps: Float64Array.from(timestamps ?? Array.from({ length: rows }, (_, i) => NOW - (rows - i) * 1000)),
    columns,
  };
}

test('valid values next to invalid ones are accepted, and none is changed', () => {
  const given = block('battery', { soc_percent: [50, 101, 52], voltage_v: [51.2, 51.3, Number.POSITIVE_INFINITY] });
  const verdict = judge(given);
  expect(verdict.accepted).toBe(4);
  expect(verdict.rejected).toBe(1);
  expect(verdict.refusals).toMatchObject([{ metric: 'battery.voltage_v', code: 'not_finite' }]);
  expect(verdict.quarantined).toMatchObject([
    { metric: 'battery.soc_percent', value: 101, reason: '101 % is above 100 %' },
  ]);
  expect([...(verdict.blocks[0]?.columns[0] ?? [])]).toEqual([50, Number.NaN, 52]);
  expect(given.columns[0]?.[1]).toBe(101);
});

test('the limits themselves are plausible', () => {
  expect(judge(block('battery', { soc_percent: [0, 100] })).quarantined).toEqual([]);
  expect(judge(block('battery', { soc_percent: [-0.1, 100.1] })).quarantined).toHaveLength(2);
});

test('measurements from the future are quarantined; prices of the next day are not', () => {
  const ahead = [NOW + HOUR_MS, NOW + HOUR_MS + 1];
  expect(judge(block('load', { power_kw: [1, 1] }, ahead)).quarantined).toMatchObject([
    { timestamp: NOW + HOUR_MS + 1 },
  ]);
  expect(judge(block('price', { import_per_kwh: [1] }, [NOW + UTC_DAY_MS])).quarantined).toEqual([]);
});

test('times before 2000 are quarantined in every group, with the probable cause', () => {
  const limit = Date.UTC(2000, 0, 1);
  // Milliseconds sent as nanoseconds, seconds sent as milliseconds, and a clock that was never set.
  const early = [Math.floor(NOW / 1e6), Math.floor(NOW / 1000), 0, limit - 1, limit];
  for (const group of ['load', 'price', 'weather', 'custom']) {
    const verdict = judge(block(group, { irradiance_w_m2: [1, 2, 3, 4, 5] }, early));
    expect(verdict.quarantined.map(({ timestamp }) => timestamp)).toEqual(early.slice(0, -1));
    expect(verdict.quarantined[3]?.reason).toBe(
      'its time, 1999-12-31T23:59:59.999Z, is before 2000: the clock was not set, or the time was sent in another unit',
    );
    expect(verdict).toMatchObject({ accepted: 1, rejected: 0 });
  }
});

test('a price in any currency is plausible', () => {
  const prices = [131.5, 4_200_000, -15_000, MAX_PRICE];
  for (const quantity of ['import_per_kwh', 'export_per_kwh']) {
    expect(judge(block('price', { [quantity]: prices })).quarantined).toEqual([]);
    expect(judge(block('price', { [quantity]: [2 * MAX_PRICE] })).quarantined).toHaveLength(1);
  }
});

test('rows without a usable time are rejected value by value, and the others are accepted', () => {
  const verdict = judge(block('load', { power_kw: [1, 2, 3, 4] }, [-1, NOW - 1, 9e15, 0.5]));
  expect(verdict.rejected).toBe(3);
  expect(verdict.refusals.every(({ code }) => code === 'time_out_of_range')).toBe(true);
  expect([...(verdict.blocks[0]?.columns[0] ?? [])]).toEqual([2]);
});

test('the numbers of listed and quarantined values are limited, and further ones are counted', () => {
  const many = Array.from({ length: MAX_QUARANTINED_PER_BATCH + 500 }, () => 200);
  const verdict = judge(block('battery', { soc_percent: many }));
  expect(verdict.quarantined).toHaveLength(MAX_QUARANTINED_PER_BATCH);
  expect(verdict.rejected).toBe(500);
  expect(verdict.refusals).toHaveLength(MAX_REJECTIONS_LISTED);
  expect(verdict.refusals[0]?.code).toBe('quarantine_full');
});

test('a metric without a description has no limits', () => {
  expect(judge(block('rv', { tank_percent: [-1e9, 1e300] }))).toMatchObject({ accepted: 2, quarantined: [] });
});

test('while the quarantine is full, implausible values are rejected with advice, and valid ones are accepted', () => {
  const given = [block('battery', { soc_percent: [101, 50, 102, 103] })];
  const verdict = validate(given, (metric) => catalogue.describe(metric), NOW, 1);
  expect(verdict).toMatchObject({ accepted: 1, rejected: 2, quarantined: [{ value: 101 }] });
  expect(verdict.refusals[0]).toMatchObject({
    code: 'quarantine_full',
    detail: '102 % is above 100 %, and the quarantine is full: accept or discard its values',
  });
});
