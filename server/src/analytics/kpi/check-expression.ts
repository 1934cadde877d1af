import { KPI_UNITS } from '@wattkeeper/contract/analytics/kpi.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Expression, Leaf, Operator } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import {
  differenceOf,
  divide,
  isAlike,
  metricUnit,
  multiply,
  parseUnit,
  type Unit,
  type UnitContext,
} from './unit-algebra.ts';

/** Known units and metrics against which expressions are checked. */
export interface ExpressionContext extends UnitContext {
  /** Undefined for an unknown metric. */
  metric(name: string): Pick<Metric, 'unit' | 'kind'> | undefined;
}

/** A value, or the reason for its absence. */
export type Outcome = { readonly value: number } | { readonly reason: string };

/** A checked expression. */
export interface Checked {
  /** Unit of the value. */
  readonly unit: Unit;
  /**
   * Computes the value in that unit from the values of the leaves, which are in the units of their metrics and key figures (the energy of a
   * power: its unit × h).
   */
  value(read: (leaf: Leaf) => Outcome): Outcome;
}

/**
 * Checks that units are compatible, and that functions suit their metrics.
 * @param chosen unit of the result; null for the unit that follows from the expression
 * @throws ExpressionError with the column; InvalidInput if the chosen unit measures another quantity
 */
export function checkExpression(expression: Expression, chosen: string | null, context: ExpressionContext): Checked {
  const node = check(expression, context);
  const unit = chosen === null ? node.unit : fitting(chosen, node.unit, context);
  const inUnit = (base: number): Outcome => {
    const value = (base - unit.offset) / unit.factor;
    return Number.isFinite(value) ? { value } : { reason: 'the value exceeds the range of a number' };
  };
  return { unit, value: (read) => then(node.base(read), inUnit) };
}

/** A part of an expression: its unit and its value in base units. */
interface Node {
  readonly unit: Unit;
  base(read: (leaf: Leaf) => Outcome): Outcome;
}

function check(expression: Expression, context: ExpressionContext): Node {
  switch (expression.type) {
    case 'number': {
      const unit = literalUnit(expression, context);
      return { unit, base: () => ({ value: toBase(expression.value, unit) }) };
    }
    case 'negative': {
      const { unit, base } = check(expression.of, context);
      if (unit.isPoint) refusePoint('-', unit, expression.at);
      return { unit, base: (read) => then(base(read), (value) => ({ value: -value })) };
    }
    case 'operation':
      return checkOperation(expression, context);
    default: {
      const { read: source, unit } = leafUnits(expression, context);
      return { unit, base: (read) => then(read(expression), (value) => ({ value: toBase(value, source) })) };
    }
  }
}

function checkOperation({ operator, left, right, at }: Operation, context: ExpressionContext): Node {
  const [a, b] = [check(left, context), check(right, context)];
  const unit = OPERATIONS[operator].unit(a.unit, b.unit, at);
  const value = OPERATIONS[operator].value;
  const base = (read: (leaf: Leaf) => Outcome) =>
    then(a.base(read), (before) =>
      then(b.base(read), (divisor) =>
        operator === '/' && divisor === 0
          ? { reason: `the divisor in column ${at + 1} is zero` }
          : { value: value(before, divisor) },
      ),
    );
  return { unit, base };
}

type Operation = Extract<Expression, { type: 'operation' }>;

const OPERATIONS: Readonly<
  Record<Operator, { unit(a: Unit, b: Unit, at: number): Unit; value(a: number, b: number): number }>
> = {
  '+': { unit: (a, b, at) => sumUnit('+', a, b, at), value: (a, b) => a + b },
  '-': { unit: (a, b, at) => sumUnit('-', a, b, at), value: (a, b) => a - b },
  '*': { unit: (a, b, at) => multiply(ratio('*', a, at), ratio('*', b, at)), value: (a, b) => a * b },
  '/': { unit: (a, b, at) => divide(ratio('/', a, at), ratio('/', b, at)), value: (a, b) => a / b },
};

/** Temperatures are points on a scale: their difference is in K, and only a difference can be added to one. */
function sumUnit(operator: '+' | '-', a: Unit, b: Unit, at: number): Unit {
  if (!isAlike({ ...a, isPoint: false }, { ...b, isPoint: false })) {
    throw new ExpressionError(
      at,
      `${operator} has ${named(a)} on its left and ${named(b)} on its right; allowed are two values of one kind of unit`,
    );
  }
  if (!b.isPoint) return a;
  if (operator === '-' && a.isPoint) return differenceOf(a);
  if (operator === '+' && !a.isPoint) return b;
  return refusePoint(operator, b, at);
}

function ratio(operator: '*' | '/', unit: Unit, at: number): Unit {
  return unit.isPoint ? refusePoint(operator, unit, at) : unit;
}

function refusePoint(operator: Operator, unit: Unit, at: number): never {
  throw new ExpressionError(
    at,
    `${operator} cannot be used on a temperature in ${unit.name}, whose zero is arbitrary; allowed is a difference of two, as in (20 °C - mean(environment.outdoor_temp_c))`,
  );
}

function literalUnit({ unit, at }: { readonly unit: string; readonly at: number }, context: ExpressionContext): Unit {
  const parsed = parseUnit(unit, context);
  if (!('unknown' in parsed)) return parsed;
  throw new ExpressionError(at, `"${parsed.unknown}" is not a unit; allowed are ${EXAMPLES} and those of metrics`);
}

const EXAMPLES = 'kWh, kW, W, h, min, d, kg, t, °C, K, %, V, A, bar, m, m², m³, l, unit, ¤ and codes of currencies';

/** The unit in which a leaf is read, and the unit of its value. */
function leafUnits(leaf: Leaf, context: ExpressionContext): { read: Unit; unit: Unit } {
  const both = (unit: Unit) => ({ read: unit, unit });
  if (leaf.type === 'hours') return both(metricUnit('h', context));
  if (leaf.type === 'kpi') return both(metricUnit(KPI_UNITS[leaf.name], context));
  const { apply, metric: name, at } = leaf;
  const metric = context.metric(name);
  if (metric === undefined) {
    throw new ExpressionError(at, `no device reports ${name}, and it is not in the metric catalogue`);
  }
  const unit = metricUnit(metric.unit, context);
  const { kind } = metric;
  const refuse = (rule: string, advice = '') => {
    throw new ExpressionError(at, `${rule}; ${name} is a ${kind} in ${named(unit)}${advice}`);
  };
  if (apply === 'sum' && (kind === 'gauge' || unit.isPoint)) {
    refuse('sum applies to counters and amounts', ': use mean, or energy of a power');
  }
  if (apply === 'mean' && kind === 'counter') {
    refuse('mean applies to gauges and amounts', ': use sum for its growth');
  }
  if (apply !== 'energy') return both(unit);
  const wanted = metricUnit(kind === 'gauge' ? 'kW' : 'kWh', context);
  if (!isAlike(unit, wanted)) refuse('energy applies to a gauge in kW or a counter in kWh');
  return kind === 'gauge' ? { read: unit, unit: metricUnit('kWh', context) } : both(unit);
}

function fitting(chosen: string, unit: Unit, context: UnitContext): Unit {
  const shown = parseUnit(chosen, context);
  const refuse = (detail: string): never => {
    throw new InvalidInput(`unit ${detail}`, { fields: [{ field: 'unit', detail }] });
  };
  if ('unknown' in shown) return refuse(`"${shown.unknown}" is not known; the expression is in ${named(unit)}`);
  if (!isAlike(unit, shown)) return refuse(`"${chosen}" does not fit: the expression is in ${named(unit)}`);
  return shown;
}

function named({ name }: Unit): string {
  return name || 'no unit';
}

function toBase(value: number, { factor, offset }: Unit): number {
  return value * factor + offset;
}

function then(outcome: Outcome, next: (value: number) => Outcome): Outcome {
  return 'value' in outcome ? next(outcome.value) : outcome;
}
