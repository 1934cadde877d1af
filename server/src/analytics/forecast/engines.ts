/** Forecasting engines in WebAssembly. `jobs/forecast-engines.ts` loads them from files; models only call them. */
export interface ForecastEngines {
  /** Multiple seasonal-trend decomposition (Bandara, Hyndman and Bergmeir 2021) with exponential smoothing of the trend. */
  mstl(values: Float64Array, periods: readonly number[], steps: number): Float64Array;
  /** Exponential smoothing without seasons; its form is selected by an information criterion. */
  ets(values: Float64Array, steps: number): Float64Array;
  /** ARIMA with an order found by a short search. At most `MAX_ARIMA_VALUES` values. */
  arima(values: Float64Array, steps: number): Float64Array;
  /** The model of Taylor and Letham (Am. Stat. 72 (2018) 37), in the Stan program of Prophet. */
  prophet(task: ProphetTask): Float64Array;
}

export interface ProphetTask {
  /** Seconds since the epoch on the clock of the site, so that seasons keep their hour. */
  readonly ds: Float64Array;
  /** Without NaN. */
  readonly y: Float64Array;
  /** Instants to forecast, as in `ds`. */
  readonly future: Float64Array;
  readonly seasons: readonly { readonly name: string; readonly periodDays: number; readonly order: number }[];
  /** Regressors: columns for `ds` and `future`. */
  readonly regressors: readonly {
    readonly name: string;
    readonly known: Float64Array;
    readonly future: Float64Array;
  }[];
}

/** The engine copies its input to a stack of 64 KB and loops forever if the input does not fit. */
export const MAX_ARIMA_VALUES = 2000;
