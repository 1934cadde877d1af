/** Position of a chart's cursor. */
export interface Tip {
  /** Nearest row of the frame. */
  readonly row: number;
  /** Nearest row of each series that has a value. */
  readonly rows: readonly (number | null)[];
  /** CSS pixels from the left of the chart. */
  readonly left: number;
}
