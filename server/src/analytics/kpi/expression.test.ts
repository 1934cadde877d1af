import { MAX_EXPRESSION_LENGTH } from '@wattkeeper/contract/analytics/custom-kpi.ts';
import { KPI_UNITS, type KpiName } from '@wattkeeper/contract/analytics/kpi.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Expression,
  leavesOf,
  MAX_DEPTH,
  METRIC_FUNCTIONS,
  OPERATORS,
  parseExpression,
  printExpression,
} from './expression.ts';
import { ExpressionError } from './expression-error.ts';

const number = fc.record({
  type: fc.constant('number' as const),
  value: fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true }).map(Math.abs),
  unit: fc.constantFrom('', 'kWh', 'kg/kWh', '%', '°C', 'm²', '¤/kWh', 'kW·h', 'unit/h^2'),
  at: fc.constant(0),
});
const metric = fc.record({
  type: fc.constant('metric' as const),
  apply: fc.constantFrom(...METRIC_FUNCTIONS),
  metric: fc.oneof(
    fc.constantFrom('energy.power_kw', 'rv.tank.level_percent', 'hours.hours', 'kpi.energy'),
    fc.string({ minLength: 1, maxLength: 12 }),
  ),
  at: fc.constant(0),
});
const kpi = fc.record({
  type: fc.constant('kpi' as const),
  name: fc.constantFrom(...(Object.keys(KPI_UNITS) as KpiName[])),
  at: fc.constant(0),
});
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    number,
    metric,
    kpi,
    fc.constant({ type: 'hours' as const, at: 0 }),
    fc.record({ type: fc.constant('negative' as const), of: tie('expression'), at: fc.constant(0) }),
    fc.record({
      type: fc.constant('operation' as const),
      operator: fc.constantFrom(...OPERATORS),
      left: tie('expression'),
      right: tie('expression'),
      at: fc.constant(0),
    }),
  ),
}));

/** Removes positions. */
function placeless(node: Expression): Expression {
  if (node.type === 'operation') {
    return { ...node, left: placeless(node.left), right: placeless(node.right), at: 0 };
  }
  if (node.type === 'negative') return { ...node, of: placeless(node.of), at: 0 };
  return { ...node, at: 0 };
}

function refusal(text: string): string {
  try {
    parseExpression(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
    return (error as ExpressionError).message;
  }
  throw new Error(`${text} was accepted`);
}

describe('an expression', () => {
  it('is unchanged by printing and parsing', () => {
    fc.assert(
      fc.property(expression, (node) => {
        const text = printExpression(node);
        fc.pre(text.length <= MAX_EXPRESSION_LENGTH);
        expect(placeless(parseExpression(text))).toEqual(node);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['1+2*3', '1 + 2 * 3'],
    ['(1+2)*3', '(1 + 2) * 3'],
    ['8-(4-2)-1', '8 - (4 - 2) - 1'],
    ['8/(4/2)/1', '8 / (4 / 2) / 1'],
    ['-(1+2)', '-(1 + 2)'],
    ['2 kWh / 3 h', '2 kWh / 3 h'],
    ['2 kWh/m^2 * 3', '2 kWh/m^2 * 3'],
    ['2 kW * h / hours()', '2 kW·h / hours()'],
    ['0.5kW*energy( energy.power_kw )', '0.5 kW * energy(energy.power_kw)'],
    ['3 kWh * kpi.energy', '3 kWh * kpi.energy'],
    ['mean("rv.tank one.percent")', 'mean("rv.tank one.percent")'],
    ['  kpi.energy\n/ kpi.production ', 'kpi.energy / kpi.production'],
  ])('%j means %s', (text, meaning) => {
    expect(printExpression(parseExpression(text))).toBe(meaning);
  });

  it('lists each data reference once', () => {
    const read = leavesOf(parseExpression('mean(a.b) / (mean(a.b) + max(a.b)) * hours() + kpi.sec'));
    expect(read.map(printExpression)).toEqual(['mean(a.b)', 'max(a.b)', 'hours()', 'kpi.sec']);
  });

  it.each([
    ['', /^column 1: found the end; allowed is a number, sum\(…\)/],
    ['1 +', /^column 4: found the end; allowed is a number/],
    ['1 + * 2', /^column 5: found "\*"; allowed is a number/],
    ['(1 + 2', /^column 7: found the end; allowed is an operator \(\+ - \* \/\) or \) for the \( in column 1/],
    ['1 2', /^column 3: found "2"; allowed is an operator/],
    ['1)', /^column 2: found "\)"; allowed is an operator \(\+ - \* \/\) or the end/],
    ['0,5 kWh', /^column 2: found ","; .*decimals follow a point, as in 0\.5/],
    ['kpi.enrgy', /^column 1: there is no kpi\.enrgy; there are kpi\.energy, kpi\.production/],
    ['1 + energy.power_kw', /^column 5: found "energy\.power_kw"; .*as in mean\(environment/],
    ['median(a.b)', /^column 1: found "median"; allowed is a number, sum\(…\), mean\(…\)/],
    ['mean 3', /^column 6: found "3"; allowed is \( after mean/],
    ['mean()', /^column 6: found "\)"; allowed is the name of a metric/],
    ['mean("a.b', /^column 6: found """; allowed is the name of a metric/],
    ['hours(3)', /^column 7: found "3"; allowed is \) for the \( of hours/],
    ['1e999', /^column 1: the number 1e999 is too large/],
    ['constructor("x")', /^column 1: found "constructor"/],
    ['kpi.__proto__', /^column 1: there is no kpi\.__proto__/],
    ['1 + 💥', /^column 5: found "💥"/],
  ])('is rejected with the column of the error: %j', (text, message) => {
    expect(refusal(text)).toMatch(message);
  });

  it('has limits of length, depth and metrics', () => {
    expect(refusal(`1${'+1'.repeat(MAX_EXPRESSION_LENGTH / 2)}`)).toMatch(/at most 500 characters; this one has 501/);
    expect(refusal(`${'('.repeat(MAX_DEPTH + 1)}1${')'.repeat(MAX_DEPTH + 1)}`)).toMatch(
      /^column 22: .*at most 20 deep/,
    );
    expect(refusal(`${'-'.repeat(MAX_DEPTH + 1)}1`)).toMatch(/at most 20 deep/);
    const deepest = `${'('.repeat(MAX_DEPTH)}1${')'.repeat(MAX_DEPTH)}`;
    expect(printExpression(parseExpression(deepest))).toBe('1');
    const metrics = Array.from({ length: 21 }, (_, i) => `max(a.b${i})`);
    expect(refusal(metrics.join('+'))).toMatch(/^column 211: .*at most 20 metrics/);
    expect(leavesOf(parseExpression(metrics.slice(1).join('+')))).toHaveLength(20);
  });

  it('is parsed or rejected for any text', () => {
    const pieces = fc.constantFrom(
      ...'+ - * / ( ) . , " \\ ^ ² ° % ¤ · 1 0.5 1e3 kWh m kpi.energy kpi. mean( sum( hours() energy.power_kw _ é 💥 \n'.split(
        ' ',
      ),
    );
    const texts = fc.oneof(
      fc.string({ maxLength: MAX_EXPRESSION_LENGTH + 10 }),
      fc.string({ unit: 'binary', maxLength: MAX_EXPRESSION_LENGTH }),
      fc.array(pieces, { maxLength: 200 }).map((parts) => parts.join('')),
      fc.array(pieces, { maxLength: 200 }).map((parts) => parts.join(' ')),
      fc.tuple(pieces, fc.nat(MAX_EXPRESSION_LENGTH)).map(([piece, times]) => piece.repeat(times)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let read: Expression;
        try {
          read = parseExpression(text);
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
          expect(error.column).toBeGreaterThanOrEqual(1);
          expect(error.column).toBeLessThanOrEqual(Math.min(text.length, MAX_EXPRESSION_LENGTH) + 1);
          return;
        }
        expect(placeless(parseExpression(printExpression(read)))).toEqual(placeless(read));
      }),
      { numRuns: 5000 },
    );
  });
});
