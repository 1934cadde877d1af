import type { BacktestTask, ForecastTask } from '../analytics/forecast/backtest.ts';
import type { SolarHours } from '../analytics/forecast/solar.ts';
import type { SolarSite } from '../analytics/forecast/solar-sky.ts';
import type { ModelList } from './model-calls.ts';

interface SolarTask {
  readonly site: SolarSite;
  readonly hours: SolarHours;
}

/** Models that run on worker threads. To add one, add a line. */
export const MODELS = {
  'anomaly.detect': async () => (await import('../analytics/anomaly/device.ts')).detectInDevice,
  'baseline.train': async () => (await import('../analytics/baseline/train.ts')).trainBaseline,
  'forecast.forecast': async () => {
    const [{ forecast }, engines] = await Promise.all([import('../analytics/forecast/backtest.ts'), forecastEngines()]);
    return (task: ForecastTask) => forecast(task, engines);
  },
  'forecast.solar': async () => {
    const { fitSolar } = await import('../analytics/forecast/solar.ts');
    return ({ site, hours }: SolarTask) => fitSolar(site, hours);
  },
  'forecast.backtest': async () => {
    const [{ backtest }, engines] = await Promise.all([import('../analytics/forecast/backtest.ts'), forecastEngines()]);
    return (task: BacktestTask) => backtest(task, engines);
  },
  'baseline.suggest': async () => (await import('../analytics/baseline/suggest.ts')).suggestDrivers,
} satisfies ModelList;
export type Models = typeof MODELS;

async function forecastEngines() {
  return (await import('./forecast-engines.ts')).loadForecastEngines();
}
