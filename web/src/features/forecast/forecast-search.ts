import type { ForecastHorizon } from '@wattkeeper/contract/analytics/forecast.ts';

export const FORECAST_HORIZONS = ['1h', '24h', '7d'] as const satisfies readonly ForecastHorizon[];

export interface ForecastSearch {
  readonly horizon?: ForecastHorizon;
  /** Id of the machine in view; without it the whole site is. */
  readonly machine?: string;
}

/** The view that an address asks for; what it does not say is left to the page. */
export function readForecastSearch(raw: Record<string, unknown>): ForecastSearch {
  const horizon = FORECAST_HORIZONS.find((one) => one === raw.horizon);
  return {
    ...(horizon !== undefined && { horizon }),
    ...(typeof raw.machine === 'string' && raw.machine !== '' && { machine: raw.machine }),
  };
}
