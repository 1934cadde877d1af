import { crossProducts, fitSubset } from './cross-products.ts';
import { centre, type Groups } from './least-squares.ts';

/** Candidate penalties for a roughness of 1, relative to a column's squared length. */
const STRENGTHS = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1];

interface Data {
  readonly columns: readonly Float64Array[];
  readonly y: Float64Array;
  readonly groups: Groups;
  readonly roughness: readonly number[];
}

/**
 * The ridge penalty of rough columns with the smallest cross-validated squared error.
 * @param parts the fold of each observation
 */
export function bestStrength({ columns, y, groups, roughness }: Data, parts: Uint8Array): number {
  const errors = new Float64Array(STRENGTHS.length);
  const rows = [...parts.keys()];
  for (const part of new Set(parts)) {
    const [seen, unseen] = [rows.filter((row) => parts[row] !== part), rows.filter((row) => parts[row] === part)];
    const fit = ridge({
      columns: columns.map((column) => pick(column, seen)),
      y: pick(y, seen),
      groups: { of: seen.map((row) => groups.of[row]!), count: groups.count },
      roughness,
    });
    for (const [s, strength] of STRENGTHS.entries()) {
      const tell = fit(strength);
      for (const row of unseen) {
        const error = y[row]! - tell(columns, row, groups.of[row]!);
        if (!Number.isNaN(error)) errors[s] = errors[s]! + error ** 2;
      }
    }
  }
  return STRENGTHS[errors.indexOf(Math.min(...errors))]!;
}

type Tell = (columns: readonly Float64Array[], row: number, group: number) => number;

/** Ridge regression for any penalty, from cross products within groups; NaN for a group without observations, infinite if it cannot be fitted. */
function ridge({ columns, y, groups, roughness }: Data): (strength: number) => Tell {
  const counts = new Float64Array(groups.count);
  for (let i = 0; i < y.length; i++) counts[groups.of[i]!] = counts[groups.of[i]!]! + 1;
  const within = columns.map((column) => centre(column, groups, counts));
  const own = centre(y, groups, counts);
  const products = crossProducts(
    within.map(({ centred }) => centred),
    own.centred,
  );
  const { p, xx } = products;
  const all = [...columns.keys()];
  return (strength) => {
    const held = xx.slice();
    for (const [c, rough] of roughness.entries()) held[c * p + c] = held[c * p + c]! * (1 + strength * rough);
    const slopes = fitSubset({ ...products, xx: held }, all)?.slopes;
    return (others, row, group) => {
      if (counts[group] === 0) return Number.NaN;
      if (slopes === undefined) return Number.POSITIVE_INFINITY;
      let predicted = own.centres[group]!;
      for (let c = 0; c < p; c++) {
        const away = others[c]![row]! - within[c]!.centres[group]!;
        predicted += slopes[c]! * away;
      }
      return predicted;
    };
  };
}

function pick(column: Float64Array, rows: readonly number[]): Float64Array {
  return Float64Array.from(rows, (row) => column[row]!);
}
