/** Forecasting engines that come as WebAssembly. Who may read files loads them (`jobs/forecast-engines.ts`); models only call them. */
export interface ForecastEngines {
  /** Multiple seasonal-trend decomposition (Bandara, Hyndman and Bergmeir 2021) with exponential smoothing of the trend. */
  mstl(values: Float64Array, periods: readonly number[], steps: number): Float64Array;
  /** Exponential smoothing without season, its form chosen by information criterion. */
  ets(values: Float64Array, steps: number): Float64Array;
  /** ARIMA of an order found by a short search. At most `MAX_ARIMA_VALUES` values. */
  arima(values: Float64Array, steps: number): Float64Array;
  /** Taylor and Letham's model (Am. Stat. 72 (2018) 37) by its own Stan program. */
  prophet(task: ProphetTask): Float64Array;
}

export interface ProphetTask {
  /** Epoch seconds, on the clock of the site so that its seasons keep their hour. */
  readonly ds: Float64Array;
  /** Without NaN. */
  readonly y: Float64Array;
  /** Epoch seconds to foretell. */
  readonly future: Float64Array;
  readonly seasons: readonly { readonly name: string; readonly periodDays: number; readonly order: number }[];
  /** Columns for `ds` and `future` that move the level. */
  readonly regressors: readonly {
    readonly name: string;
    readonly known: Float64Array;
    readonly future: Float64Array;
  }[];
}

/** The engine copies its input to a stack of 64 KB and loops for ever when it does not fit. */
export const MAX_ARIMA_VALUES = 2000;
