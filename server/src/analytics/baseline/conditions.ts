/** What is known of some hours or days, in order of time. Columns are of one length, without NaN. */
export interface Conditions {
  /** Epoch milliseconds. */
  readonly starts: Float64Array;
  /** What drives the energy, driver by driver. */
  readonly columns: readonly Float64Array[];
  /** Outdoors, °C; null where no model needs it. */
  readonly temperature: Float64Array | null;
  /** By the site's clock, 0 (Monday from 00:00) to 167; null for days. */
  readonly hourOfWeek: Float64Array | null;
  /** By the site's calendar, 0 (Monday) to 6, and 7 more on a public holiday; null for hours. */
  readonly dayOfWeek: Float64Array | null;
}

/** Conditions, and the energy that they took. */
export interface Observations extends Conditions {
  readonly kwh: Float64Array;
}

/** Some of the observations. */
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
