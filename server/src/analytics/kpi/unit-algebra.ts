import { knownUnit } from '../../domain/units.ts';

/** Base unit → exponent; exponents of zero are omitted. Users choose the names of base units. */
export type Powers = ReadonlyMap<string, number>;

/** A unit in terms of base units: `base = value × factor + offset`. */
export interface Unit {
  readonly name: string;
  readonly powers: Powers;
  readonly factor: number;
  readonly offset: number;
  /** A point on a scale without a true zero, such as 20 °C: two of them have a difference, but neither a sum nor a ratio. */
  readonly isPoint: boolean;
}

/** The meaning of units where an expression is used. */
export interface UnitContext {
  /** ISO 4217 code for `¤`; null leaves `¤` as it is. */
  readonly currency: string | null;
  /** Whether an unlisted word counts as a base unit, such as `pallets`. */
  isUnit(word: string): boolean;
}

export const PURE_NUMBER: Unit = { name: '', powers: new Map(), factor: 1, offset: 0, isPoint: false };

/** Base units of the first unit of each quantity in the conversion table. A volt is a watt per ampere. */
const QUANTITIES = table({
  power: [1, { kWh: 1, h: -1 }],
  energy: [1, { kWh: 1 }],
  temperature: [1, { K: 1 }],
  share: [0.01, {}],
  voltage: [1e-3, { kWh: 1, h: -1, A: -1 }],
  current: [1, { A: 1 }],
  frequency: [3600, { h: -1 }],
  speed: [3600, { m: 1, h: -1 }],
  pressure: [1, { bar: 1 }],
  time: [1, { h: 1 }],
  'short time': [1 / 3.6e6, { h: 1 }],
});

/** Units that occur only in compositions. Kelvin are differences here. */
const ATOMS = table({
  K: [1, { K: 1 }],
  d: [24, { h: 1 }],
  Ah: [1, { A: 1, h: 1 }],
  kg: [1, { kg: 1 }],
  g: [1e-3, { kg: 1 }],
  t: [1e3, { kg: 1 }],
  m: [1, { m: 1 }],
  km: [1e3, { m: 1 }],
  m2: [1, { m: 2 }],
  m3: [1, { m: 3 }],
  l: [1e-3, { m: 3 }],
  L: [1e-3, { m: 3 }],
  unit: [1, { unit: 1 }],
  units: [1, { unit: 1 }],
});

/** Compositions with a name. */
const NAMED = table({
  kW: [1, { kWh: 1, h: -1 }],
  V: [1e-3, { kWh: 1, h: -1, A: -1 }],
});

type Factored = Pick<Unit, 'powers' | 'factor'>;

const WORD = String.raw`[\p{L}°%¤µ][\p{L}\p{Nd}°%¤_]*`;
const ATOM = String.raw`(${WORD})(?:([²³])|\^(-?[1-9]\d{0,2}))?`;
const ONE_ATOM = new RegExp(`^${ATOM}$`, 'u');
/**
 * Matches a unit in a longer text: words joined by `·`, `*` or `/`. A word before a parenthesis or a dot is the name of a function or a key
 * figure and ends the preceding unit.
 */
const LONE_ATOM = String.raw`${ATOM}(?![\p{L}\p{Nd}°%¤_.²³^]|\s*\()`;
export const UNIT_PATTERN = new RegExp(String.raw`${LONE_ATOM}(?:\s*[/·*]\s*${LONE_ATOM})*`, 'uy');

/** Normalizes a unit as typed: no spaces, `·` for every product. */
export function normalizedUnit(text: string): string {
  return text.replace(/\s+/g, '').replaceAll('*', '·');
}

/** Parses a unit such as `kWh/m²` or `1/h`; '' is dimensionless. Returns the unknown word if there is one. */
export function parseUnit(text: string, context: UnitContext): Unit | { readonly unknown: string } {
  const tidy = normalizedUnit(text);
  if (tidy === '') return PURE_NUMBER;
  const parts = tidy.split(/(?=[·/])/u);
  if (parts.length > 1 && parts[0] === '1') parts.shift();
  let product: Factored = PURE_NUMBER;
  for (const part of parts) {
    const written = part.replace(/^[·/]/u, '');
    const [, word, superscript, exponent] = ONE_ATOM.exec(written) ?? [];
    const atom = word === undefined ? undefined : atomOf(word, context);
    if (atom === undefined) return { unknown: written };
    const power = superscript ? (superscript === '²' ? 2 : 3) : Number(exponent ?? 1);
    if (written === tidy && power === 1) return { ...atom, name: shown(tidy, context) };
    product = times(product, atom, part.startsWith('/') ? -power : power);
  }
  return { ...product, name: shown(tidy, context), offset: 0, isPoint: false };
}

/** The unit of a metric. An unreadable unit becomes a base unit. */
export function metricUnit(text: string, context: UnitContext): Unit {
  const unit = parseUnit(text, { ...context, isUnit: () => true });
  return 'unknown' in unit ? { ...own(text), name: text } : unit;
}

/** Whether values in one unit can be converted to the other. */
export function isAlike(a: Unit, b: Unit): boolean {
  const isSamePower = ([base, power]: [string, number]) => b.powers.get(base) === power;
  return a.isPoint === b.isPoint && a.powers.size === b.powers.size && [...a.powers].every(isSamePower);
}

/** Unit of a product. A product with a dimensionless factor keeps the unit; a product of two dimensionless values is not in percent. */
export function multiply(a: Unit, b: Unit): Unit {
  const { powers } = times(a, b, 1);
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? b : a;
  return composed(powers);
}

/** Unit of a quotient, by the same rules. */
export function divide(a: Unit, b: Unit): Unit {
  return isNumber(b) && !isNumber(a) ? a : composed(times(a, b, -1).powers);
}

/** Unit of the difference of two points on a scale. */
export function differenceOf(point: Unit): Unit {
  return composed(point.powers);
}

function isNumber({ powers }: Unit): boolean {
  return powers.size === 0;
}

/** The shortest name: `kWh/unit`, `kW`, `V`, `¤/kW`. */
function composed(powers: Powers): Unit {
  let best: Unit = { ...PURE_NUMBER, powers, name: written(powers) };
  let size = sizeOf(powers);
  for (const [name, named] of NAMED) {
    for (const power of [1, -1]) {
      const rest = times({ powers, factor: 1 }, named, -power).powers;
      if (sizeOf(rest) + 1 >= size) continue;
      size = sizeOf(rest) + 1;
      best = {
        ...PURE_NUMBER,
        powers,
        name: written(new Map([[name, power], ...rest])),
        factor: named.factor ** power,
      };
    }
  }
  return best;
}

function written(powers: Powers): string {
  const all = [...powers];
  const above = all.filter(([, power]) => power > 0).map(([base, power]) => base + exponentOf(power));
  const below = all.filter(([, power]) => power < 0).map(([base, power]) => `/${base}${exponentOf(-power)}`);
  return (above.join('·') || (below.length > 0 ? '1' : '')) + below.join('');
}

function exponentOf(power: number): string {
  return ['', '', '²', '³'][power] ?? `^${power}`;
}

function sizeOf(powers: Powers): number {
  return [...powers.values()].reduce((sum, power) => sum + Math.abs(power), 0);
}

function times(a: Factored, b: Factored, power: number): Factored {
  const powers = new Map(a.powers);
  for (const [base, of] of b.powers) {
    const sum = (powers.get(base) ?? 0) + of * power;
    if (sum === 0) powers.delete(base);
    else powers.set(base, sum);
  }
  return { powers, factor: a.factor * b.factor ** power };
}

function atomOf(word: string, { currency, isUnit }: UnitContext): Unit | undefined {
  const atom = ATOMS.get(word);
  if (atom) return { ...PURE_NUMBER, ...atom };
  const known = knownUnit(word);
  const quantity = known && QUANTITIES.get(known.quantity);
  if (quantity) {
    const { factor, powers } = quantity;
    const isPoint = known.quantity === 'temperature';
    return { ...PURE_NUMBER, powers, factor: known.factor * factor, offset: known.offset, isPoint };
  }
  if (word === '¤') return own(currency ?? '¤');
  if (word === 'ct') return { ...own(currency ?? '¤'), factor: 0.01 };
  return word === currency || CURRENCIES.has(word) || isUnit(word) ? own(word) : undefined;
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

function own(base: string): Unit {
  return { ...PURE_NUMBER, powers: new Map([[base, 1]]) };
}

function table(rows: Readonly<Record<string, readonly [factor: number, powers: Readonly<Record<string, number>>]>>) {
  return new Map(
    Object.entries(rows).map(([name, [factor, powers]]): [string, Factored] => {
      return [name, { factor, powers: new Map(Object.entries(powers)) }];
    }),
  );
}

function shown(text: string, { currency }: UnitContext): string {
  return text.replaceAll('¤', currency ?? '¤');
}
