import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ets from '@bsull/augurs/ets';
import * as mstl from '@bsull/augurs/mstl';
import * as prophet from '@bsull/augurs/prophet';
import { optimizer } from '@bsull/augurs-prophet-wasmstan';
import { type ForecastEngines, MAX_ARIMA_VALUES, type ProphetTask } from '../analytics/forecast/engines.ts';
import { InvalidInput } from '../domain/errors.ts';

/** An instance of the ARIMA module. */
interface Arima {
  train(values: number[]): this;
  predict(steps: number): [means: number[], variances: number[]];
  destroy(): void;
}
type ArimaLoader = (module: unknown) => new (options: Readonly<Record<string, number | boolean>>) => Arima;

const SEASON_PRIOR = 10;
/** A search without season: other models handle seasons. */
const ARIMA_SEARCH = {
  auto: true,
  p: 3,
  d: 1,
  q: 3,
  P: 0,
  D: 0,
  Q: 0,
  s: 0,
  approximation: 1,
  search: 1,
  verbose: false,
};

/** Loads the WebAssembly engines. For model threads only: a fit takes up to seconds and blocks its thread. */
export function loadForecastEngines(): ForecastEngines {
  engines ??= startEngines();
  return engines;
}

/** Once per thread: the modules stay loaded until it ends. */
let engines: ForecastEngines | undefined;

function startEngines(): ForecastEngines {
  const bytesOf = (name: string) =>
    readFileSync(fileURLToPath(import.meta.resolve(`@bsull/augurs/${name}`)).replace(/\.js$/, '_bg.wasm'));
  mstl.initSync({ module: bytesOf('mstl') });
  ets.initSync({ module: bytesOf('ets') });
  prophet.initSync({ module: bytesOf('prophet') });
  const arima = loadArima();
  return {
    mstl: (values, periods, steps) => {
      const model = mstl.MSTL.ets([...periods], { impute: true });
      model.fit(values);
      return pointsOf(model, steps);
    },
    ets: (values, steps) => {
      const model = new ets.AutoETS(1, 'ZZN');
      model.fit(values);
      return pointsOf(model, steps);
    },
    arima,
    prophet: fitProphet,
  };
}

function pointsOf(model: { predict(steps: number): { point: number[] }; free(): void }, steps: number): Float64Array {
  try {
    return Float64Array.from(model.predict(steps).point);
  } finally {
    model.free();
  }
}

/** Each fit gets a new instance: an instance that trapped cannot be used again. */
function loadArima(): ForecastEngines['arima'] {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('arima'));
  const load = require(join(folder, 'load.js')) as ArimaLoader;
  const start = require(join(folder, 'wasm/native-sync.js')) as (options: object) => unknown;
  const wasmBinary = readFileSync(join(folder, 'wasm/native.wasm'));
  return (values, steps) => {
    if (values.length > MAX_ARIMA_VALUES)
      throw new InvalidInput(`ARIMA takes at most ${MAX_ARIMA_VALUES} values; got ${values.length}`);
    if (values.every((value) => value === values[0])) return new Float64Array(steps).fill(values[0]!);
    const Model = load(start({ wasmBinary, print: () => {}, printErr: () => {} }));
    const model = new Model(ARIMA_SEARCH).train([...values]);
    return Float64Array.from(model.predict(steps)[0]);
  };
}

function fitProphet({ ds, y, future, seasons, regressors }: ProphetTask): Float64Array {
  const off = { type: 'manual', enabled: false } as const;
  const model = new prophet.Prophet({
    optimizer,
    uncertaintySamples: 0,
    dailySeasonality: off,
    weeklySeasonality: off,
    yearlySeasonality: off,
  });
  try {
    for (const { name, periodDays, order } of seasons) {
      model.addSeasonality(name, { period: periodDays, fourierOrder: order, priorScale: SEASON_PRIOR });
    }
    for (const { name } of regressors) model.addRegressor(name, { mode: 'additive' });
    const columns = (pick: 'known' | 'future') =>
      new Map(regressors.map((regressor) => [regressor.name, [...regressor[pick]]]));
    model.fit({ ds: [...ds], y: [...y], x: columns('known') });
    return Float64Array.from(model.predict({ ds: [...future], x: columns('future') }).yhat.point);
  } finally {
    model.free();
  }
}
