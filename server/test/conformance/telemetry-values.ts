import { isMetricName } from '@wattkeeper/contract/metric.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batch, batchOf, blockOf, columnsBlock, framesOf, type Row, rowsOf } from './telemetry-blocks.ts';
import type { World } from './telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);
const LONG = 'ä'.repeat(199);

/** Names that conflict with case folding, quoting, keywords, inherited properties, or a backend's columns and tables. */
const ODD_NAMES = [
  ...Object.getOwnPropertyNames(Object.prototype),
  'power_kw',
  'Power_kW',
  'POWER_KW',
  'select',
  'SELECT',
  'ts',
  'device',
  'seq',
  'rowid',
  'null',
  'c0',
  'q1',
  "it's",
  'say "hi"',
  'semi;colon -- drop table',
  'back\\slash',
  '%s {0} $1 ?1 :a @b',
  'Größe',
  'GRÖSSE',
  '電圧',
  '🔋',
  'e\u0301',
  '\u00e9',
  'time',
  'Time',
  'device_id',
  '_field',
  '_measurement',
  '_time',
  'inf',
  'e1',
  '#comment',
  '"quoted"',
  'a,b=c d',
  'percent %41',
  '\ufeffbyte order mark',
  '\uffff',
  '\u200d',
  ' leading',
  'trailing ',
  `${LONG}a`,
  `${LONG}b`,
];

/** Values whose bits are easily changed. */
const HARD_VALUES = [
  0,
  -1,
  0.1,
  -0.1,
  1 / 3,
  100.05,
  5e-324,
  -2.2250738585072014e-308,
  1.7976931348623157e308,
  -1.7976931348623157e308,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 63),
  2 ** 64,
  1e15 + 0.3,
  123456789.12345679,
  1e-7,
  4.35,
  0.1 + 0.2,
  Math.fround(230.1),
];

export function valuePromises(world: World): void {
  it('a batch is readable the moment it is acknowledged', async () => {
    await world.store.write([batch('grid', [['meter', T0, { power_kw: 1.25, voltage_v: 230 }]])]);
    expect(await rowsOf(world.store, 'grid', ['meter'], ['power_kw', 'voltage_v'])).toEqual([['meter', T0, 1.25, 230]]);
  });

  it('returns doubles exactly (except the sign of zero)', async () => {
    const rows: Row[] = HARD_VALUES.map((value, i) => ['d', T0 + i * 1000, { v: value }]);
    await world.store.write([batch('g', rows)]);
    const expected = rows.map(([device, timestamp, values]) => [device, timestamp, values.v]);
    await world.inEveryState(async () => expect(await rowsOf(world.store, 'g', ['d'], ['v'])).toEqual(expected));
  });

  it('returns any column of doubles exactly', async () => {
    const quantised = fc
      .tuple(
        fc.constantFrom(1, 2, 5, 10, 100, 1000, 1e6),
        fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1 }),
      )
      .map(([scale, values]) => values.map((value) => value / scale));
    const any = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 300 });
    const single = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 300 });
    let device = 0;
    const property = fc.asyncProperty(fc.oneof(quantised, any, single), async (values) => {
      const name = `d${device++}`;
      await world.store.write([
        batch(
          'g',
          values.map((value, i): Row => [name, T0 + i * 60_000, { v: value + 0 }]),
        ),
      ]);
      await world.store.compact(1e14, new AbortController().signal);
      const back = await rowsOf(world.store, 'g', [name], ['v']);
      expect(back.map(([, , value]) => value)).toEqual(values.map((value) => value + 0));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('distinguishes unusual names of groups, devices and quantities', async () => {
    const values = Object.fromEntries(ODD_NAMES.map((quantity, i) => [quantity, i + 0.5]));
    const expected = Object.values(values);
    // Each group has two devices, and each device is in two groups.
    const devicesOf = (g: number) => [g, g + 1].map((d) => ODD_NAMES[d % ODD_NAMES.length]!);
    const rowsOfGroup = (g: number) => devicesOf(g).map((device, d): Row => [device, T0 + g + d, values]);
    await world.store.write(ODD_NAMES.map((group, g) => batch(group, rowsOfGroup(g))));
    await world.inEveryState(async () => {
      for (const [g, group] of ODD_NAMES.entries()) {
        const asked = [...devicesOf(g), ODD_NAMES[(g + 2) % ODD_NAMES.length]!];
        const rows = await rowsOf(world.store, group, asked, ODD_NAMES);
        expect(rows).toEqual(rowsOfGroup(g).map(([device, at]) => [device, at, ...expected]));
      }
    });
    const metrics = new Set((await world.store.series()).map(({ metric }) => metric));
    for (const group of ODD_NAMES) for (const name of ODD_NAMES) expect(metrics).toContain(`${group}.${name}`);
  });

  it('accepts every name that ingest accepts', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(...'aA1_.,= "\'\\%#$;:\u00df\u0130\u0131\ufeff'), minLength: 1, maxLength: 6 }),
    );
    const name = text.map((part) => part.replaceAll('.', '_')).filter((part) => isMetricName(`${part}.${part}`));
    const names = fc.uniqueArray(name, { minLength: 12, maxLength: 12 });
    let run = 0;
    const property = fc.asyncProperty(names, async ([group = '', ...quantities]) => {
      const at = T0 + run++;
      await world.store.write([batch(group, [['d', at, Object.fromEntries(quantities.map((q, i) => [q, i + 1]))]])]);
      const expected = [['d', at, ...quantities.map((_, i) => i + 1)]];
      expect(await rowsOf(world.store, group, ['d'], quantities, at, at + 1)).toEqual(expected);
      const metrics = new Set((await world.store.series()).map(({ metric }) => metric));
      for (const quantity of quantities) expect(metrics).toContain(`${group}.${quantity}`);
    });
    await fc.assert(property, { numRuns: 5 });
  });

  it('returns nothing for unknown devices and quantities', async () => {
    const { store } = world;
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual([]);
    expect(await store.latest(0)).toEqual([]);
    expect(await store.series()).toEqual([]);
    await store.write([]);
    await store.write([batchOf(), batchOf(blockOf('g', []))]);
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    expect(await rowsOf(store, 'other', ['d'], ['v'])).toEqual([]);
    expect(await rowsOf(store, 'g', ['other'], ['v'])).toEqual([]);
    expect(await rowsOf(store, 'g', ['d'], ['other'])).toEqual([]);
    expect(await rowsOf(store, 'g', [], ['v'])).toEqual([]);
    expect(await rowsOf(store, 'g', ['d'], [])).toEqual([]);
    expect(await rowsOf(store, 'g', ['d', 'other'], ['other', 'v'])).toEqual([['d', T0, null, 1]]);
  });

  it('omits rows without any requested value', async () => {
    const rows: Row[] = [
      ['d', T0, { a: 1, b: Number.NaN }],
      ['d', T0 + 1, { a: Number.NaN, b: 2 }],
      ['d', T0 + 2, { a: Number.NaN, b: Number.NaN }],
    ];
    await world.store.write([batch('g', rows)]);
    await world.inEveryState(async () => {
      expect(await rowsOf(world.store, 'g', ['d'], ['a'])).toEqual([['d', T0, 1]]);
      expect(await rowsOf(world.store, 'g', ['d'], ['b', 'a'])).toEqual([
        ['d', T0, null, 1],
        ['d', T0 + 1, 2, null],
      ]);
    });
  });

  it('accepts instants before 1970, after 1970 and in the far future', async () => {
    const far = Math.min(8.64e13, world.store.capabilities.lastInstant - 1);
    const instants = [-86_400_001, -1, 0, 1, T0, 4_102_444_800_000, far];
    await world.store.write([
      batch(
        'g',
        instants.map((at): Row => ['d', at, { v: at }]),
      ),
    ]);
    await world.inEveryState(async () =>
      expect(await rowsOf(world.store, 'g', ['d'], ['v'], -1e12)).toEqual(instants.map((at) => ['d', at, at])),
    );
  });

  it('neither keeps nor changes the arrays of the caller', async () => {
    const timestamps = Float64Array.of(T0, T0 + 1);
    const v = Float64Array.of(1, 2);
    await world.store.write([batchOf(columnsBlock('g', 'd', timestamps, { v }))]);
    expect([...timestamps, ...v]).toEqual([T0, T0 + 1, 1, 2]);
    v.fill(9);
    timestamps.fill(0);
    expect(await rowsOf(world.store, 'g', ['d'], ['v'])).toEqual([
      ['d', T0, 1],
      ['d', T0 + 1, 2],
    ]);
  });

  it('returns frames whose arrays are complete and owned by the caller', async () => {
    await world.store.write([
      batch('g', [
        ['d', T0, { v: 1 }],
        ['d', T0 + 1, { v: 2 }],
      ]),
    ]);
    const [frame] = await framesOf(world.store, 'g', ['d'], ['v']);
    expect(frame).toMatchObject({ deviceId: 'd', group: 'g', quantities: ['v'] });
    frame?.columns[0]?.fill(7);
    frame?.timestamps.fill(7);
    expect(await rowsOf(world.store, 'g', ['d'], ['v'])).toEqual([
      ['d', T0, 1],
      ['d', T0 + 1, 2],
    ]);
  });
}
