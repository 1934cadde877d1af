import { anomalies } from './en/anomalies.ts';
import { api } from './en/api.ts';
import { baseline } from './en/baseline.ts';
import { energy } from './en/energy.ts';
import { forecast } from './en/forecast.ts';
import { history } from './en/history.ts';
import { importing } from './en/importing.ts';
import { kpis } from './en/kpis.ts';
import { machines } from './en/machines.ts';
import { metrics } from './en/metrics.ts';
import { now } from './en/now.ts';
import { period } from './en/period.ts';
import { shell } from './en/shell.ts';
import { sites } from './en/sites.ts';
import { system } from './en/system.ts';
import { tariff } from './en/tariff.ts';

/** English, which the other languages follow key by key. */
export const en = {
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
