import type { Metric } from '@wattkeeper/contract/metric.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../../domain/errors.ts';
import { checkExpression, type ExpressionContext } from './check-expression.ts';
import { parseExpression, printExpression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { divide, isAlike, multiply, parseUnit, type Unit } from './unit-algebra.ts';

const METRICS: Readonly<Record<string, Pick<Metric, 'unit' | 'kind'>>> = {
  'energy.power_kw': { unit: 'kW', kind: 'gauge' },
  'pump.power_w': { unit: 'W', kind: 'gauge' },
  'energy.energy_kwh': { unit: 'kWh', kind: 'counter' },
  'production.count': { unit: 'units', kind: 'delta' },
  'packing.pallets': { unit: 'pallets', kind: 'delta' },
  'air.flow': { unit: 'm³ (norm)', kind: 'delta' },
  'weather.temperature_c': { unit: '°C', kind: 'gauge' },
  'kiln.temperature_f': { unit: '°F', kind: 'gauge' },
  'battery.soc_percent': { unit: '%', kind: 'gauge' },
  'grid.voltage_v': { unit: 'V', kind: 'gauge' },
  'grid.current_a': { unit: 'A', kind: 'gauge' },
  'grid.frequency_hz': { unit: 'Hz', kind: 'gauge' },
  'price.import_per_kwh': { unit: '¤/kWh', kind: 'gauge' },
};
const CONTEXT: ExpressionContext = {
  currency: 'PLN',
  isUnit: (word) => word === 'pallets',
  metric: (name) => METRICS[name],
};
/** Values of the leaves, by their printed form. */
const VALUES: Readonly<Record<string, number>> = {
  'kpi.energy': 245,
  'kpi.production': 460,
  'kpi.energy_cost': 38,
  'kpi.carbon': 110.25,
  'kpi.peak_demand': 40,
  'kpi.load_factor': 0.25,
  'hours()': 23,
  'energy(energy.power_kw)': 245,
  'energy(pump.power_w)': 1500,
  'sum(energy.energy_kwh)': 12,
  'sum(packing.pallets)': 50,
  'sum(air.flow)': 1000,
  'mean(weather.temperature_c)': -5,
  'mean(kiln.temperature_f)': 212,
  'last(battery.soc_percent)': 57,
  'mean(grid.voltage_v)': 230,
  'mean(grid.current_a)': 10,
  'mean(grid.frequency_hz)': 50,
  'mean(price.import_per_kwh)': 0.8,
};

function evaluate(text: string, chosen: string | null = null, values: Readonly<Record<string, number>> = VALUES) {
  const { unit, value } = checkExpression(parseExpression(text), chosen, CONTEXT);
  const outcome = value((leaf) => {
    const found = values[printExpression(leaf)];
    return found === undefined ? { reason: `no value for ${printExpression(leaf)}` } : { value: found };
  });
  return [outcome, unit.name] as const;
}

function refusal(text: string, chosen: string | null = null): string {
  try {
    evaluate(text, chosen);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInput);
    return (error as InvalidInput).message;
  }
  throw new Error(`${text} was accepted`);
}

describe('a custom key figure', () => {
  it.each([
    ['kpi.energy / kpi.production', 245 / 460, 'kWh/unit'],
    ['kpi.energy / sum(packing.pallets)', 4.9, 'kWh/pallets'],
    ['kpi.energy / sum(air.flow)', 0.245, 'kWh/m³ (norm)'],
    ['kpi.energy / hours()', 245 / 23, 'kW'],
    ['kpi.energy / hours() / kpi.peak_demand', 245 / 23 / 40, ''],
    ['0.45 kg/kWh * kpi.energy', 110.25, 'kg'],
    ['450 g/kWh * kpi.energy', 110.25, 'kg'],
    ['kpi.energy_cost / kpi.energy', 38 / 245, 'PLN/kWh'],
    ['kpi.energy_cost - 10 PLN', 28, 'PLN'],
    ['kpi.energy_cost - 1000 ct', 28, 'PLN'],
    ['kpi.energy * mean(price.import_per_kwh)', 196, 'PLN'],
    ['mean(price.import_per_kwh)', 0.8, 'PLN/kWh'],
    ['30 ¤/kW * kpi.peak_demand', 1200, 'PLN'],
    ['energy(energy.power_kw) + 1 MWh', 1245, 'kWh'],
    ['energy(pump.power_w)', 1.5, 'kWh'],
    ['sum(energy.energy_kwh) / 6 min', 120, 'kW'],
    ['kpi.energy / (18 °C - mean(weather.temperature_c))', 245 / 23, 'kWh/K'],
    ['mean(weather.temperature_c) + 3 K', -2, '°C'],
    ['3 K + mean(weather.temperature_c)', -2, '°C'],
    ['mean(kiln.temperature_f) - mean(weather.temperature_c)', 105, 'K'],
    ['mean(kiln.temperature_f)', 212, '°F'],
    ['100 % - last(battery.soc_percent)', 43, '%'],
    ['1 - last(battery.soc_percent)', 0.43, ''],
    ['10 kWh * last(battery.soc_percent)', 5.7, 'kWh'],
    ['mean(grid.voltage_v) * mean(grid.current_a)', 2.3, 'kW'],
    ['kpi.peak_demand / mean(grid.current_a)', 4000, 'V'],
    ['mean(grid.frequency_hz) * 60', 3000, 'Hz'],
    ['-kpi.energy + 300 kWh', 55, 'kWh'],
    ['2 + 3 * 4 - 6 / 3', 12, ''],
    ['2 - 3 - 4', -5, ''],
    ['24 / 4 / 3', 2, ''],
    ['kpi.production / (2 h)', 230, 'unit/h'],
    ['kpi.energy / 50 m²', 4.9, 'kWh/m²'],
  ])('%s agrees with a calculation by hand', (text, value, unit) => {
    const [outcome, name] = evaluate(text);
    expect(outcome).toEqual({ value: expect.closeTo(value, 9) });
    expect(name).toBe(unit);
  });

  it.each([
    ['kpi.energy', 'MWh', 0.245, 'MWh'],
    ['kpi.energy / kpi.production', 'Wh/unit', 532.608695652, 'Wh/unit'],
    ['kpi.energy / hours() / kpi.peak_demand', '%', 26.630434783, '%'],
    ['kpi.energy_cost / kpi.energy', '¤/MWh', 155.102040816, 'PLN/MWh'],
    ['mean(weather.temperature_c)', '°F', 23, '°F'],
    ['mean(grid.voltage_v)', 'mV', 230_000, 'mV'],
    ['60 / hours()', '1/min', 60 / 23 / 60, '1/min'],
  ])('%s is shown in %s', (text, chosen, value, name) => {
    const [outcome, unit] = evaluate(text, chosen);
    expect(outcome).toEqual({ value: expect.closeTo(value, 8) });
    expect(unit).toBe(name);
  });

  it.each([
    [
      'kpi.energy + mean(weather.temperature_c)',
      /^column 12: \+ has kWh on its left and °C on its right; allowed are two/,
    ],
    ['1 + kpi.energy', /^column 3: \+ has no unit on its left and kWh on its right/],
    ['kpi.energy - 5 kW', /^column 12: - has kWh on its left and kW on its right/],
    ['2 * mean(weather.temperature_c)', /^column 3: \* cannot be used on a temperature in °C, whose zero is arbitrary/],
    ['kpi.energy / mean(kiln.temperature_f)', /^column 12: \/ cannot be used on a temperature in °F/],
    ['-mean(weather.temperature_c)', /^column 1: - cannot/],
    ['mean(weather.temperature_c) + 20 °C', /^column 29: \+ cannot/],
    ['3 K - 20 °C', /^column 5: - cannot/],
    ['1 kgg/kWh * kpi.energy', /^column 1: "kgg" is not a unit; allowed are kWh, kW/],
    ['1 EUR + kpi.energy_cost', /^column 7: \+ has EUR on its left and PLN on its right/],
    ['2 + mean(no.such_thing)', /^column 5: no device reports no\.such_thing/],
    ['mean(toString.constructor)', /^column 1: no device reports/],
    [
      'sum(energy.power_kw)',
      /^column 1: sum applies to counters and amounts; energy\.power_kw is a gauge in kW: use mean, or energy/,
    ],
    ['mean(energy.energy_kwh)', /^column 1: mean applies to gauges and amounts; .* is a counter in kWh: use sum/],
    ['energy(weather.temperature_c)', /^column 1: energy applies to a gauge in kW or a counter in kWh; .* gauge in °C/],
  ])('is rejected if its units are incompatible: %s', (text, message) => {
    expect(refusal(text)).toMatch(message);
  });

  it('is not shown in a unit of another quantity', () => {
    expect(refusal('kpi.energy', '°C')).toBe('unit "°C" does not fit: the expression is in kWh');
    expect(refusal('kpi.energy', 'kilowatts')).toBe('unit "kilowatts" is not known; the expression is in kWh');
    // A difference of 5 K is not a temperature of 5 °C.
    expect(refusal('8 K - 3 K', '°C')).toMatch(/does not fit/);
  });

  it('gives the reason for a missing value', () => {
    const none = (text: string, values = VALUES) => evaluate(text, null, values)[0];
    expect(none('kpi.energy / (kpi.production - 460 unit)')).toEqual({
      reason: 'the divisor in column 12 is zero',
    });
    expect(none('1 + kpi.energy / kpi.sec * 0 / 1 unit')).toEqual({ reason: 'no value for kpi.sec' });
    expect(none('0 / 0')).toEqual({ reason: 'the divisor in column 3 is zero' });
    expect(none('1e300 * 1e300')).toEqual({ reason: 'the value exceeds the range of a number' });
  });

  it('may be a sum of maximum length', () => {
    expect(evaluate(`1${'+1'.repeat(249)}`)).toEqual([{ value: 250 }, '']);
    expect(evaluate(`2${'/1'.repeat(249)}`)).toEqual([{ value: 2 }, '']);
    expect(evaluate(`1${' *9m'.repeat(124)}`)[1]).toBe('m^124');
  });

  it('does not mix the currencies of different sites', () => {
    const check = (text: string, currency: string | null) =>
      checkExpression(parseExpression(text), null, { ...CONTEXT, currency }).unit.name;
    expect(check('kpi.energy_cost / kpi.energy', null)).toBe('¤/kWh');
    expect(check('kpi.energy_cost - 10 EUR', 'EUR')).toBe('EUR');
    expect(() => check('kpi.energy_cost - 10 EUR', null)).toThrow(/¤ on its left and EUR on its right/);
  });

  it('is checked or rejected for any content', () => {
    const terms = fc.constantFrom(...Object.keys(VALUES), '3', '2 K', '20 °C', '50 %', '4 kWh/h', '7 ct', '1 pallets');
    const texts = fc
      .array(fc.tuple(fc.constantFrom(...'+-*/'), fc.boolean(), terms), { minLength: 1, maxLength: 12 })
      .map(
        (parts) => `1${parts.map(([sign, isNegative, term]) => ` ${sign} ${isNegative ? '-' : ''}${term}`).join('')}`,
      );
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(text.length <= 500);
        try {
          const [outcome] = evaluate(text);
          expect('reason' in outcome || Number.isFinite(outcome.value)).toBe(true);
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
        }
      }),
    );
  });
});

describe('units', () => {
  const context = { currency: null, isUnit: () => false };
  const read = (text: string): Unit => {
    const unit = parseUnit(text, context);
    if ('unknown' in unit) throw new Error(`${unit.unknown} is not a unit`);
    return unit;
  };
  const units = fc
    .array(
      fc.tuple(
        fc.constantFrom(
          'kWh',
          'kW',
          'MJ',
          'W',
          'h',
          'min',
          'kg',
          't',
          'K',
          'V',
          'A',
          'bar',
          'm',
          'l',
          'unit',
          '¤',
          'EUR',
          '%',
        ),
        fc.constantFrom('', '²', '³', '^-1', '^4'),
        fc.constantFrom('·', '/'),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((atoms) => read(atoms.map(([atom, power, sign], i) => `${i === 0 ? '' : sign}${atom}${power}`).join('')));

  it('of a product divided by a factor equal those of the other factor', () => {
    fc.assert(
      fc.property(units, units, (a, b) => {
        expect(isAlike(divide(multiply(a, b), b), a)).toBe(true);
        expect(isAlike(multiply(a, b), multiply(b, a))).toBe(true);
        expect(divide(a, a).powers).toEqual(new Map());
      }),
    );
  });

  it('have names that parse to the same unit', () => {
    fc.assert(
      fc.property(units, units, (a, b) => {
        const product = multiply(a, b);
        const again = product.name === '' ? product : read(product.name);
        expect(again.powers).toEqual(product.powers);
        expect(again.factor / product.factor).toBeCloseTo(1, 9);
      }),
    );
  });

  it('give the same sum for any unit of its parts', () => {
    const energies = fc.constantFrom('kWh', 'Wh', 'MWh', 'MJ', 'kJ', 'kW·h', 'W·d');
    fc.assert(
      fc.property(energies, energies, energies, fc.integer({ min: 1, max: 1000 }), (a, b, shown, n) => {
        const inKwh = (unit: string) => n * read(unit).factor;
        const [outcome] = evaluate(`${n} ${a} + ${n} ${b}`, shown);
        expect(outcome).toEqual({ value: expect.closeTo((inKwh(a) + inKwh(b)) / read(shown).factor, 4) });
      }),
    );
  });

  it.each([
    ['kJ', 1 / 3600],
    ['MJ', 1 / 3.6],
    ['W/m²', 1e-3],
    ['km/h', 1000],
    ['m/s', 3600],
    ['m3/h', 1],
    ['l/min', 0.06],
    ['Hz', 3600],
    ['Ah', 1],
    ['1/min', 60],
  ])('%s is %d base units', (text, factor) => {
    expect(read(text).factor).toBeCloseTo(factor, 12);
  });

  it.each(['furlong', 'kWh/', '/', '1', 'kWh//h', 'kWh h', 'm^0', 'm²²', '2', 'constructor', '__proto__', 'toString'])(
    'do not include %j',
    (text) => {
      expect(parseUnit(text, context)).toHaveProperty('unknown');
    },
  );
});
