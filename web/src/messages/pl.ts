import type { Messages } from './lookup.ts';
import { anomalies } from './pl/anomalies.ts';
import { api } from './pl/api.ts';
import { baseline } from './pl/baseline.ts';
import { energy } from './pl/energy.ts';
import { forecast } from './pl/forecast.ts';
import { history } from './pl/history.ts';
import { importing } from './pl/importing.ts';
import { kpis } from './pl/kpis.ts';
import { machines } from './pl/machines.ts';
import { metrics } from './pl/metrics.ts';
import { now } from './pl/now.ts';
import { period } from './pl/period.ts';
import { shell } from './pl/shell.ts';
import { sites } from './pl/sites.ts';
import { system } from './pl/system.ts';
import { tariff } from './pl/tariff.ts';

export const pl: Messages = {
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
