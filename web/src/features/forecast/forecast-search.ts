import type { ForecastHorizon } from '@wattkeeper/contract/analytics/forecast.ts';

export const FORECAST_HORIZONS = ['1h', '24h', '7d'] as const satisfies readonly ForecastHorizon[];

export interface ForecastSearch {
  readonly horizon?: ForecastHorizon;
  /** Id of the selected machine; default: the whole site. */
  readonly machine?: string;
}

/** The view in an address; the page has defaults for missing parameters. */
export function readForecastSearch(raw: Record<string, unknown>): ForecastSearch {
  const horizon = FORECAST_HORIZONS.find((one) => one === raw.horizon);
  return {
    ...(horizon !== undefined && { horizon }),
    ...(typeof raw.machine === 'string' && raw.machine !== '' && { machine: raw.machine }),
  };
}
