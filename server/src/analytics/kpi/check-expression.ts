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

/** What expressions are checked against. */
export interface ExpressionContext extends UnitContext {
  /** Undefined for a metric that nobody knows. */
  metric(name: string): Pick<Metric, 'unit' | 'kind'> | undefined;
}

/** A value, or why there is none. */
export type Outcome = { readonly value: number } | { readonly reason: string };

/** What an expression comes to. */
export interface Checked {
  /** In which the value is told. */
  readonly unit: Unit;
  /**
   * The value in that unit, from those of the leaves in the units that their metrics and key figures have (of a power's energy: its unit
   * × h).
   */
  value(read: (leaf: Leaf) => Outcome): Outcome;
}

/**
 * Checks that units, and functions and their metrics, go together.
 * @param chosen in which the value is to be told; null: in the unit that comes out
 * @throws ExpressionError with the column; InvalidInput where the chosen unit measures something else
 */
export function checkExpression(expression: Expression, chosen: string | null, context: ExpressionContext): Checked {
  const node = check(expression, context);
  const unit = chosen === null ? node.unit : fitting(chosen, node.unit, context);
  const told = (base: number): Outcome => {
    const value = (base - unit.offset) / unit.factor;
    return Number.isFinite(value) ? { value } : { reason: 'the value is greater than a number can be' };
  };
  return { unit, value: (read) => then(node.base(read), told) };
}

/** A part of an expression: its unit, and its value in base units. */
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
      then(b.base(read), (behind) =>
        operator === '/' && behind === 0
          ? { reason: `what is divided by in column ${at + 1} is zero` }
          : { value: value(before, behind) },
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

/** Temperatures are places on a scale: their difference is in K, and only a difference is added to one. */
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
  throw new ExpressionError(at, `"${parsed.unknown}" is no unit; allowed are ${EXAMPLES} and those of metrics`);
}

const EXAMPLES = 'kWh, kW, W, h, min, d, kg, t, °C, K, %, V, A, bar, m, m², m³, l, unit, ¤ and codes of currencies';

/** The unit in which a leaf is read, and that in which it is told. */
function leafUnits(leaf: Leaf, context: ExpressionContext): { read: Unit; unit: Unit } {
  const both = (unit: Unit) => ({ read: unit, unit });
  if (leaf.type === 'hours') return both(metricUnit('h', context));
  if (leaf.type === 'kpi') return both(metricUnit(KPI_UNITS[leaf.name], context));
  const { apply, metric: name, at } = leaf;
  const metric = context.metric(name);
  if (metric === undefined) {
    throw new ExpressionError(at, `no device reports ${name}, and the catalogue of metrics does not have it`);
  }
  const unit = metricUnit(metric.unit, context);
  const { kind } = metric;
  const refuse = (rule: string, advice = '') => {
    throw new ExpressionError(at, `${rule}; ${name} is a ${kind} in ${named(unit)}${advice}`);
  };
  if (apply === 'sum' && (kind === 'gauge' || unit.isPoint)) {
    refuse('sum adds up what is counted', ': use mean, or energy of a power');
  }
  if (apply === 'mean' && kind === 'counter') {
    refuse('mean is of what goes up and down', ': use sum for what it grew by');
  }
  if (apply !== 'energy') return both(unit);
  const wanted = metricUnit(kind === 'gauge' ? 'kW' : 'kWh', context);
  if (!isAlike(unit, wanted)) refuse('energy is of a gauge in kW or of a counter in kWh');
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
