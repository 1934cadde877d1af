import { anomalies } from './de/anomalies.ts';
import { api } from './de/api.ts';
import { baseline } from './de/baseline.ts';
import { energy } from './de/energy.ts';
import { forecast } from './de/forecast.ts';
import { history } from './de/history.ts';
import { importing } from './de/importing.ts';
import { kpis } from './de/kpis.ts';
import { machines } from './de/machines.ts';
import { metrics } from './de/metrics.ts';
import { now } from './de/now.ts';
import { period } from './de/period.ts';
import { shell } from './de/shell.ts';
import { sites } from './de/sites.ts';
import { system } from './de/system.ts';
import { tariff } from './de/tariff.ts';
import type { Messages } from './lookup.ts';

export const de: Messages = {
  ...shell,
  ...metrics,
  ...importing,
  ...api,
  ...period,
  ...now,
  ...history,
  ...energy,
  ...kpis,
  ...machines,
  ...baseline,
  ...anomalies,
  ...forecast,
  ...tariff,
  ...sites,
  ...system,
};
