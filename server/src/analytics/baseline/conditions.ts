/** The conditions of hours or days, ascending. All columns have the same length, without NaN. */
export interface Conditions {
  /** Epoch milliseconds. */
  readonly starts: Float64Array;
  /** The drivers. */
  readonly columns: readonly Float64Array[];
  /** Outdoor temperature, °C; null if no model needs it. */
  readonly temperature: Float64Array | null;
  /** Local hour of the week, 0 (Monday 00:00) to 167; null for days. */
  readonly hourOfWeek: Float64Array | null;
  /** Local day of the week, 0 (Monday) to 6, plus 7 on a public holiday; null for hours. */
  readonly dayOfWeek: Float64Array | null;
}

/** Conditions and the energy under them. */
export interface Observations extends Conditions {
  readonly kwh: Float64Array;
}

/** A subset of the observations. */
export function rowsOf(all: Observations, rows: ArrayLike<number>): Observations {
  const pick = (column: Float64Array) => {
    const picked = new Float64Array(rows.length);
    for (let i = 0; i < picked.length; i++) picked[i] = column[rows[i]!]!;
    return picked;
  };
  return {
    starts: pick(all.starts),
    kwh: pick(all.kwh),
    columns: all.columns.map(pick),
    temperature: all.temperature && pick(all.temperature),
    hourOfWeek: all.hourOfWeek && pick(all.hourOfWeek),
    dayOfWeek: all.dayOfWeek && pick(all.dayOfWeek),
  };
}
