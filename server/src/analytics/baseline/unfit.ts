import type { Basis } from './basis.ts';
import type { Degenerate } from './least-squares.ts';

/** Why a model cannot be fitted; columns are indexes of the basis. */
export interface Unfit {
  readonly basis: Basis;
  readonly reason: Degenerate | { readonly kind: 'no_change_point' };
}
