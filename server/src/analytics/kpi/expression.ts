import { MAX_EXPRESSION_LENGTH } from '@wattkeeper/contract/analytics/custom-kpi.ts';
import { KPI_UNITS, type KpiName } from '@wattkeeper/contract/analytics/kpi.ts';
import { ExpressionError } from './expression-error.ts';
import { normalizedUnit, UNIT_PATTERN } from './unit-algebra.ts';

/** Functions of the samples of a metric. */
export const METRIC_FUNCTIONS = ['sum', 'mean', 'min', 'max', 'last', 'energy'] as const;
export type MetricFunction = (typeof METRIC_FUNCTIONS)[number];

export const OPERATORS = ['+', '-', '*', '/'] as const;
export type Operator = (typeof OPERATORS)[number];

/** A reference to data; `at` is its position in the text, from 0. */
export type Leaf =
  | { readonly type: 'metric'; readonly apply: MetricFunction; readonly metric: string; readonly at: number }
  | { readonly type: 'kpi'; readonly name: KpiName; readonly at: number }
  | { readonly type: 'hours'; readonly at: number };

export type Expression =
  | Leaf
  | { readonly type: 'number'; readonly value: number; readonly unit: string; readonly at: number }
  | { readonly type: 'negative'; readonly of: Expression; readonly at: number }
  | {
      readonly type: 'operation';
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
      /** Position of the operator. */
      readonly at: number;
    };

/** Nesting of parentheses and signs. */
export const MAX_DEPTH = 20;
/** Distinct pairs of function and metric. */
export const MAX_METRICS = 20;

const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[\p{L}_][\p{L}\p{Nd}_]*(?:\.[\p{L}\p{Nd}_]+)*/uy;
const QUOTED = /"(?:[^"\\]|\\["\\])*"/y;
const VALUE = `a number, ${METRIC_FUNCTIONS.map((name) => `${name}(…)`).join(', ')}, hours(), kpi.… or (`;

/**
 * Parses an expression: numbers with units, `+ - * / ( )`, functions of a metric, `hours()` and `kpi.NAME`.
 * @throws ExpressionError with the column, the text found there and the allowed alternatives
 */
export function parseExpression(text: string): Expression {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionError(
      MAX_EXPRESSION_LENGTH,
      `an expression has at most ${MAX_EXPRESSION_LENGTH} characters; this one has ${text.length}`,
    );
  }
  const parser = new Parser(text);
  const expression = parser.sum(0);
  parser.end();
  const metrics = leavesOf(expression).filter(({ type }) => type === 'metric');
  if (metrics.length > MAX_METRICS) {
    const { at } = metrics[MAX_METRICS]!;
    throw new ExpressionError(at, `an expression reads at most ${MAX_METRICS} metrics; this one exceeds it`);
  }
  return expression;
}

/** The distinct data references of an expression, in order of appearance. */
export function leavesOf(expression: Expression): Leaf[] {
  const found = new Map<string, Leaf>();
  const visit = (node: Expression): void => {
    if (node.type === 'operation') {
      visit(node.left);
      visit(node.right);
    } else if (node.type === 'negative') visit(node.of);
    else if (node.type !== 'number' && !found.has(printExpression(node))) found.set(printExpression(node), node);
  };
  visit(expression);
  return [...found.values()];
}

/** Prints an expression with as few parentheses as possible. */
export function printExpression(expression: Expression): string {
  switch (expression.type) {
    case 'number':
      return expression.unit === '' ? String(expression.value) : `${expression.value} ${expression.unit}`;
    case 'metric':
      return `${expression.apply}(${printMetric(expression.metric)})`;
    case 'kpi':
      return `kpi.${expression.name}`;
    case 'hours':
      return 'hours()';
    case 'negative':
      return `-${within(expression.of, 3)}`;
    case 'operation': {
      const { operator, left, right } = expression;
      const rank = rankOf(expression);
      return `${within(left, rank)} ${operator} ${within(right, rank + 1)}`;
    }
  }
}

function within(expression: Expression, minRank: number): string {
  const text = printExpression(expression);
  return rankOf(expression) < minRank ? `(${text})` : text;
}

function rankOf(expression: Expression): number {
  if (expression.type !== 'operation') return 3;
  return expression.operator === '+' || expression.operator === '-' ? 1 : 2;
}

function printMetric(name: string): string {
  WORD.lastIndex = 0;
  const isPlain = WORD.exec(name)?.[0] === name;
  return isPlain ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/** Recursive-descent parser; each function leaves `#at` after the text that it consumed and the following whitespace. */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipSpace();
  }

  end(): void {
    if (this.#at < this.#text.length) this.#refuse('an operator (+ - * /) or the end');
  }

  sum(depth: number): Expression {
    return this.#chain(['+', '-'], () => this.#chain(['*', '/'], () => this.#value(depth)));
  }

  #chain(operators: readonly Operator[], next: () => Expression): Expression {
    let left = next();
    for (;;) {
      const at = this.#at;
      const operator = operators.find((one) => this.#take(one));
      if (operator === undefined) return left;
      left = { type: 'operation', operator, left, right: next(), at };
    }
  }

  #value(depth: number): Expression {
    const at = this.#at;
    if (depth > MAX_DEPTH) throw new ExpressionError(at, `parentheses and signs are nested at most ${MAX_DEPTH} deep`);
    if (this.#take('-')) return { type: 'negative', of: this.#value(depth + 1), at };
    if (this.#take('(')) {
      const inner = this.sum(depth + 1);
      if (!this.#take(')')) this.#refuse(`an operator (+ - * /) or ) for the ( in column ${at + 1}`);
      return inner;
    }
    return this.#number() ?? this.#named() ?? this.#refuse(VALUE);
  }

  #number(): Expression | undefined {
    const at = this.#at;
    const text = this.#match(NUMBER);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isFinite(value)) throw new ExpressionError(at, `the number ${text} is too large`);
    if (this.#text[this.#at] === ',')
      this.#refuse('an operator (+ - * /) or the end; decimals follow a point, as in 0.5');
    return { type: 'number', value, unit: normalizedUnit(this.#match(UNIT_PATTERN) ?? ''), at };
  }

  #named(): Expression | undefined {
    const at = this.#at;
    const word = this.#match(WORD);
    if (word === undefined) return undefined;
    if (word.startsWith('kpi.')) {
      const name = word.slice('kpi.'.length);
      if (Object.hasOwn(KPI_UNITS, name)) return { type: 'kpi', name: name as KpiName, at };
      const known = Object.keys(KPI_UNITS).map((one) => `kpi.${one}`);
      throw new ExpressionError(at, `there is no ${word}; there are ${known.join(', ')}`);
    }
    const apply = METRIC_FUNCTIONS.find((one) => one === word);
    if (apply === undefined && word !== 'hours') {
      throw new ExpressionError(at, `found "${word}"; allowed is ${VALUE}${word.includes('.') ? HOW_TO_READ : ''}`);
    }
    if (!this.#take('(')) this.#refuse(`( after ${word}`);
    const metric = apply && this.#metric();
    if (!this.#take(')')) this.#refuse(`) for the ( of ${word}`);
    return apply && metric !== undefined ? { type: 'metric', apply, metric, at } : { type: 'hours', at };
  }

  #metric(): string {
    const quoted = this.#match(QUOTED);
    if (quoted !== undefined) return quoted.slice(1, -1).replace(/\\(["\\])/g, '$1');
    return (
      this.#match(WORD) ??
      this.#refuse('the name of a metric, such as energy.power_kw, in "…" if it has other characters')
    );
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return undefined;
    this.#at += found.length;
    this.#skipSpace();
    return found;
  }

  #take(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    this.#skipSpace();
    return true;
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #refuse(allowed: string): never {
    const next = this.#text.codePointAt(this.#at);
    const found = next === undefined ? 'the end' : `"${String.fromCodePoint(next)}"`;
    throw new ExpressionError(this.#at, `found ${found}; allowed is ${allowed}`);
  }
}

const HOW_TO_READ = '; a metric is read by a function, as in mean(environment.outdoor_temp_c)';
