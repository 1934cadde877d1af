import type { Basis } from './basis.ts';
import type { BalancePoint } from './change-point.ts';
import type { Regression } from './least-squares.ts';

/** A fitted model: its basis and the regression. */
export interface Fitted {
  readonly basis: Basis;
  readonly regression: Regression;
  readonly balancePoints: readonly BalancePoint[];
}
