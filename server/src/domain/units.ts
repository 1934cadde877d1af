import { InvalidInput } from './errors.ts';

/** Unit → quantity, factor and offset to that quantity's first unit: `base = value × factor + offset`. */
const UNITS = new Map(
  Object.entries<readonly [quantity: string, factor: number, offset?: number]>({
    kW: ['power', 1],
    W: ['power', 1e-3],
    MW: ['power', 1e3],
    kWh: ['energy', 1],
    Wh: ['energy', 1e-3],
    MWh: ['energy', 1e3],
    J: ['energy', 1 / 3.6e6],
    kJ: ['energy', 1 / 3600],
    MJ: ['energy', 1 / 3.6],
    '°C': ['temperature', 1],
    C: ['temperature', 1],
    K: ['temperature', 1, -273.15],
    '°F': ['temperature', 5 / 9, -160 / 9],
    F: ['temperature', 5 / 9, -160 / 9],
    '%': ['share', 1],
    fraction: ['share', 100],
    V: ['voltage', 1],
    mV: ['voltage', 1e-3],
    kV: ['voltage', 1e3],
    A: ['current', 1],
    mA: ['current', 1e-3],
    Hz: ['frequency', 1],
    'm/s': ['speed', 1],
    'km/h': ['speed', 1 / 3.6],
    mph: ['speed', 0.44704],
    bar: ['pressure', 1],
    hPa: ['pressure', 1e-3],
    Pa: ['pressure', 1e-5],
    psi: ['pressure', 0.0689475729],
    'W/m²': ['irradiance', 1],
    'kW/m²': ['irradiance', 1e3],
    '¤/kWh': ['price', 1],
    '¤/MWh': ['price', 1e-3],
    'ct/kWh': ['price', 1e-2],
    'kg/kWh': ['carbon', 1],
    'g/kWh': ['carbon', 1e-3],
    h: ['time', 1],
    min: ['time', 1 / 60],
    s: ['time', 1 / 3600],
    ms: ['short time', 1],
  }),
);

/** The quantity of a unit, and the conversion of its values to the first unit of that quantity: `value × factor + offset`. */
export function knownUnit(symbol: string): ({ readonly quantity: string } & Conversion) | undefined {
  const found = UNITS.get(symbol);
  return found && { quantity: found[0], factor: found[1], offset: found[2] ?? 0 };
}

export interface Conversion {
  readonly factor: number;
  readonly offset: number;
}

/**
 * Conversion between two units: `value × factor + offset`. A price may name its currency (`EUR/MWh`). Throws `InvalidInput` for an unknown
 * unit or one of another quantity, with the allowed units.
 */
export function conversion(from: string, to: string): Conversion {
  if (from === to) return { factor: 1, offset: 0 };
  const [source, target] = [UNITS.get(normalised(from)), UNITS.get(normalised(to))];
  if (!target) throw new InvalidInput(`no unit converts to "${to}": omit the unit`);
  if (!source || source[0] !== target[0]) {
    const allowed = [...UNITS].filter(([, [quantity]]) => quantity === target[0]).map(([unit]) => unit);
    throw new InvalidInput(`unit must be one of ${allowed.join(', ')} to convert to ${to}; got "${from}"`);
  }
  return { factor: source[1] / target[1], offset: ((source[2] ?? 0) - (target[2] ?? 0)) / target[1] };
}

function normalised(unit: string): string {
  return unit.replace(/^[A-Z]{3}\//, '¤/');
}
