import type {
  DemandForecast,
  DemandQuery,
  ForecastAccuracy,
  ForecastHorizon,
} from '@wattkeeper/contract/analytics/forecast.ts';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { limitsOf } from '../../analytics/forecast/accuracy.ts';
import { CANDIDATES } from '../../analytics/forecast/candidates.ts';
import { type Contest, contest } from '../../analytics/forecast/contest.ts';
import { HORIZONS, type Horizon } from '../../analytics/forecast/horizons.ts';
import { intervalOf, LEVELS, type Level, within } from '../../analytics/forecast/intervals.ts';
import { silentSlots } from '../../analytics/forecast/silent.ts';
import { ExpectedError, InvalidInput, messageOf, NotFound } from '../../domain/errors.ts';
import { type OnProgress, progressPart } from '../../domain/progress.ts';
import type { ModelPool } from '../../jobs/model-pool.ts';
import type { Forecasts } from '../../storage/records/analytics/forecasts.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { Sites } from '../../storage/records/devices/sites.ts';
import {
  iso,
  type LoadHistory,
  type LoadOptions,
  type LoadSubject,
  loadHistory,
  metersLoad,
  nameOf,
  slotStart,
} from './load-history.ts';
import { peakAhead, silenceWarnings } from './silent-forecast.ts';
import { type StoredContest, type StoredForecast, storedContest, storedForecast } from './stored-forecast.ts';

export interface ForecastOptions extends LoadOptions {
  readonly devices: LoadOptions['devices'] & {
    require(idOrName: string): DeviceRecord;
    all(): readonly DeviceRecord[];
  };
  readonly sites: Pick<Sites, 'list'>;
  readonly forecasts: Forecasts;
  readonly models: ModelPool;
}

/** Models that are fast enough to choose from during a request, and their number of back-tests. */
const QUICK = ['naive_day', 'naive_week', 'regression_quick', 'regression_steady', 'ets', 'mstl'] as const;
const QUICK_ORIGINS = 24;
/** Age after which a choice of models is renewed, if the nightly back-test did not run. */
const CHOICE_AGE_MS = 8 * UTC_DAY_MS;
/** Number of past slots returned with a forecast. */
const BEFORE = { '1h': 24, '24h': 48, '7d': 21 } as const satisfies Record<ForecastHorizon, number>;
const BACKTEST_TIMEOUT_MS = 5 * MINUTE_MS;
const FORECAST_TIMEOUT_MS = MINUTE_MS;

/** The model chosen for a subject, and the results of all models. */
interface Choice {
  readonly choice: StoredContest;
  readonly chosenAt: number;
}

/** A forecast of a subject, with the choice of its model. */
interface Served extends Choice {
  readonly subject: LoadSubject;
  readonly horizon: ForecastHorizon;
  readonly forecast: StoredForecast;
  readonly madeAt: number;
}

/** Load forecasts of machines and sites, by the model with the lowest error in back-tests. */
export class ForecastService {
  readonly #options: ForecastOptions;
  /** One calculation per subject and horizon at a time. */
  readonly #underway = new Map<string, Promise<Served>>();

  constructor(options: ForecastOptions) {
    this.#options = options;
  }

  /** Mean power of the next slots, with prediction intervals. Throws NotFound for an unknown subject or one without data, InvalidInput for too little. */
  async demand(query: DemandQuery): Promise<DemandForecast> {
    const served = await this.serve(await this.subject(query), query.horizon);
    const { forecast, choice } = served;
    const [inner, outer] = LEVELS.map((level) => bandOf(forecast, level));
    const peak = peakAhead(forecast);
    const at = (column: readonly number[] | undefined, k: number) => (forecast.silent[k] ? null : column![k]!);
    return {
      ...aboutOf(served),
      predictions: forecast.starts.map((start, k) => ({
        timestamp: iso(start),
        predicted_power_kw: at(forecast.kw, k),
        confidence_interval_lower: at(outer?.lower, k),
        confidence_interval_upper: at(outer?.upper, k),
        lower_80: at(inner?.lower, k),
        upper_80: at(inner?.upper, k),
      })),
      measured: forecast.before.map(({ start, kw }) => ({ timestamp: iso(start), power_kw: kw })),
      peak_demand_predicted: peak && { timestamp: iso(forecast.starts[peak.step]!), power_kw: peak.value },
      model: modelOf(served),
      backtest: backtestOf(choice.contest),
      warnings: warningsOf(served),
    };
  }

  /** The highest of the next slots, its time, and the confidence. */
  async peak(query: DemandQuery) {
    const served = await this.serve(await this.subject(query), query.horizon);
    const { forecast, choice } = served;
    const peak = peakAhead(forecast);
    if (peak === null) {
      const name = nameOf(served.subject);
      throw new NotFound(`${name} never reports at the times of the next slots: choose a longer horizon`, {
        code: 'no_data',
      });
    }
    const { step, value } = peak;
    const band = bandOf(forecast, 0.95)!;
    const { hitRate, mae } = choice.contest.accuracy.peak;
    return {
      ...aboutOf(served),
      timestamp: iso(forecast.starts[step]!),
      power_kw: value,
      lower_kw: band.lower[step]!,
      upper_kw: band.upper[step]!,
      confidence: hitRate,
      mean_error_kw: mae,
      warnings: warningsOf(served),
    };
  }

  /** Accuracy of a subject's forecasts in back-tests, and of each model. */
  async accuracy(query: DemandQuery): Promise<ForecastAccuracy> {
    const served = await this.serve(await this.subject(query), query.horizon);
    const { contest: result, thorough } = served.choice;
    return {
      ...aboutOf(served),
      model: modelOf(served),
      ...backtestOf(result),
      bias_kw: result.accuracy.bias,
      naive_model: CANDIDATES[result.naive.candidate].title,
      thorough,
      models: result.entries.map(({ candidate, mae, reason }) => ({
        name: candidate,
        title: CANDIDATES[candidate].title,
        mae_kw: mae,
        reason,
      })),
    };
  }

  /** Number of loads with a chosen model, by horizon. */
  countChosen(): Promise<number> {
    return this.#options.forecasts.count((Object.keys(HORIZONS) as ForecastHorizon[]).map(choiceKind));
  }

  /** Renews every forecast that is out of date. */
  async refreshAll(signal: AbortSignal, progress: OnProgress) {
    return this.#each(signal, progress, (subject, horizon) => this.serve(subject, horizon));
  }

  /** Back-tests every model on every series. */
  async backtestAll(signal: AbortSignal, progress: OnProgress) {
    return this.#each(signal, progress, async (subject, horizon, onProgress) => {
      const history = await loadHistory(this.#options, subject, HORIZONS[horizon]);
      const chosen = await this.#choose(subject, horizon, history, { thorough: true, signal, progress: onProgress });
      await this.#forecast(subject, horizon, history, chosen, signal);
    });
  }

  /** The stored forecast of the running slot, or a new one. Callers share it, so none of them can cancel it: it takes seconds. */
  serve(subject: LoadSubject, horizon: ForecastHorizon): Promise<Served> {
    const key = `${subject.site.id} ${subject.device?.id ?? ''} ${horizon}`;
    const running = this.#underway.get(key);
    if (running) return running;
    const work = this.#serve(subject, horizon).finally(() => this.#underway.delete(key));
    this.#underway.set(key, work);
    return work;
  }

  /** The subject of a request. */
  async subject({
    machine_id: machineId,
    device_id: deviceId,
    site,
  }: Omit<DemandQuery, 'horizon'>): Promise<LoadSubject> {
    const { devices, energy, queries } = this.#options;
    const named = [machineId, deviceId, site].filter((one) => one !== undefined);
    if (named.length > 1) {
      const detail = `must be exactly one of machine_id, device_id and site; got ${named.length}`;
      throw new InvalidInput(detail, { fields: [{ field: 'machine_id', detail }] });
    }
    const device = machineId ?? deviceId;
    if (device === undefined) return { site: await energy.site(site), device: null };
    const found = devices.require(device);
    if (!metersLoad(queries, found.id)) {
      throw new NotFound(
        `${found.name} does not report its load: required is energy.power_kw, energy.energy_kwh or load.power_kw`,
      );
    }
    return { site: await energy.site(found.siteId), device: found };
  }

  async #serve(subject: LoadSubject, name: ForecastHorizon): Promise<Served> {
    const { forecasts, now } = this.#options;
    const horizon: Horizon = HORIZONS[name];
    const [made, chosen] = await Promise.all(
      [demandKind(name), choiceKind(name)].map((kind) => forecasts.get(idsOf(subject), kind)),
    );
    const forecast = storedForecast(made?.content);
    const contest = storedContest(chosen?.content);
    const known: Choice | null = chosen && contest ? { choice: contest, chosenAt: chosen.madeAt } : null;
    const isCurrent = forecast?.starts[0] === slotStart(now(), horizon, subject.site.timezone);
    if (made && forecast && known && isCurrent) {
      return { subject, horizon: name, forecast, madeAt: made.madeAt, ...known };
    }
    const history = await loadHistory(this.#options, subject, horizon);
    const quick = { thorough: false, signal: undefined, progress: () => {} };
    const isFresh = known !== null && now() - known.chosenAt <= CHOICE_AGE_MS;
    const choice = isFresh ? known : await this.#choose(subject, name, history, quick);
    try {
      return await this.#forecast(subject, name, history, choice, undefined);
    } catch (error) {
      if (error instanceof ExpectedError) throw error;
      // A model that fails on the new data is replaced; the accuracy lists it with the error.
      const broken = { candidate: choice.choice.contest.best, mae: null, reason: messageOf(error) };
      const other = await this.#choose(subject, name, history, { ...quick, broken });
      return this.#forecast(subject, name, history, other, undefined);
    }
  }

  /** Forecasts with the chosen model. */
  async #forecast(
    subject: LoadSubject,
    name: ForecastHorizon,
    { slots, values }: LoadHistory,
    chosen: Choice,
    signal: AbortSignal | undefined,
  ): Promise<Served> {
    const { forecasts, models } = this.#options;
    const { best, calibration } = chosen.choice.contest;
    const { steps } = HORIZONS[name];
    const task = { candidate: best, slots, values, steps };
    const predicted = await models.run('forecast.forecast', task, { signal, timeoutMs: FORECAST_TIMEOUT_MS });
    const from = values.length;
    const window = { slots, from, predicted, limits: limitsOf(values) };
    const forecast: StoredForecast = {
      model: best,
      starts: [...slots.starts.subarray(from, from + steps)],
      kw: [...predicted.map((kw) => within(window.limits, kw))],
      silent: silentSlots({ slots, values }, steps),
      before: [...slots.starts.subarray(0, from)].slice(-BEFORE[name]).map((start, i, { length }) => {
        const kw = values[from - length + i]!;
        return { start, kw: Number.isNaN(kw) ? null : kw };
      }),
      bands: LEVELS.map((level) => {
        const { lower, upper } = intervalOf(calibration, level, window);
        return { level, lower: [...lower], upper: [...upper] };
      }),
    };
    const { madeAt } = await forecasts.put(idsOf(subject), demandKind(name), forecast);
    return { subject, horizon: name, forecast, madeAt, ...chosen };
  }

  /** Chooses the model for a series and stores the choice. */
  async #choose(
    subject: LoadSubject,
    name: ForecastHorizon,
    { slots, values }: LoadHistory,
    { thorough, signal, progress, broken }: ChoiceOptions,
  ): Promise<Choice> {
    const { models, forecasts } = this.#options;
    const names = QUICK.filter((one) => one !== broken?.candidate);
    const horizon: Horizon = thorough ? HORIZONS[name] : { ...HORIZONS[name], origins: QUICK_ORIGINS };
    const found = await contest(
      { slots, values, horizon, ...(thorough ? {} : { names }) },
      async (task) => {
        try {
          return { predicted: await models.run('forecast.backtest', task, { signal, timeoutMs: BACKTEST_TIMEOUT_MS }) };
        } catch (error) {
          signal?.throwIfAborted();
          return { failed: messageOf(error) };
        }
      },
      (share, candidate) => progress(share, CANDIDATES[candidate].title),
    );
    if (found === null) {
      throw new InvalidInput(
        `the load of ${nameOf(subject)} has too many gaps for a back-test: collect data for some more days`,
      );
    }
    const entries = broken === undefined ? found.entries : [...found.entries, broken];
    const choice: StoredContest = { contest: { ...found, entries }, thorough };
    const { madeAt } = await forecasts.put(idsOf(subject), choiceKind(name), choice);
    return { choice, chosenAt: madeAt };
  }

  /** Calls `work` for each subject and horizon; subjects with too little data are skipped. */
  async #each(
    signal: AbortSignal,
    progress: OnProgress,
    work: (subject: LoadSubject, horizon: ForecastHorizon, onProgress: OnProgress) => Promise<unknown>,
  ) {
    const subjects = await this.#subjects();
    const horizons = Object.keys(HORIZONS) as ForecastHorizon[];
    const all = subjects.flatMap((subject) => horizons.map((horizon) => ({ subject, horizon })));
    const leftOut: { name: string; horizon: string; reason: string }[] = [];
    for (const [i, { subject, horizon }] of all.entries()) {
      signal.throwIfAborted();
      const part = progressPart(progress, i / all.length, (i + 1) / all.length);
      const onProgress: OnProgress = (share, message) =>
        part(share, `${nameOf(subject)}, ${horizon}${message ? `: ${message}` : ''}`);
      onProgress(0);
      try {
        await work(subject, horizon, onProgress);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ExpectedError)) throw error;
        leftOut.push({ name: nameOf(subject), horizon, reason: error.message });
      }
    }
    return { done: all.length - leftOut.length, left_out: leftOut };
  }

  /** Sites, and machines that report energy. */
  async #subjects(): Promise<LoadSubject[]> {
    const { sites, devices, queries } = this.#options;
    return (await sites.list()).flatMap((site) => [
      { site, device: null },
      ...devices
        .ofSite(site.id)
        .filter((device) => device.kind === 'machine' && metersLoad(queries, device.id))
        .map((device) => ({ site, device })),
    ]);
  }
}

interface ChoiceOptions {
  readonly thorough: boolean;
  readonly signal: AbortSignal | undefined;
  readonly progress: OnProgress;
  /** The previously chosen model, which failed: it takes no part. */
  readonly broken?: StoredContest['contest']['entries'][number];
}

function demandKind(horizon: ForecastHorizon): string {
  return `demand ${horizon}`;
}

function choiceKind(horizon: ForecastHorizon): string {
  return `choice ${horizon}`;
}

function idsOf({ site, device }: LoadSubject) {
  return { siteId: site.id, deviceId: device?.id ?? null };
}

function aboutOf({ subject, horizon, madeAt }: Served) {
  return {
    machine_id: subject.device?.id ?? null,
    machine_name: nameOf(subject),
    site_id: subject.site.id,
    forecast_generated_at: iso(madeAt),
    horizon,
  };
}

function modelOf({ choice, chosenAt }: Served) {
  const { best } = choice.contest;
  return { name: best, title: CANDIDATES[best].title, chosen_at: iso(chosenAt) };
}

function backtestOf({ accuracy, skill, naive, origins }: Contest) {
  const coverage = (level: Level) => accuracy.coverage.find((one) => one.level === level)?.share ?? 0;
  return {
    mae_kw: accuracy.mae,
    mape: accuracy.mape,
    mase: accuracy.mase,
    coverage: coverage(0.95),
    coverage_80: coverage(0.8),
    skill,
    naive_mae_kw: naive.mae,
    backtests: origins,
  };
}

function bandOf({ bands }: StoredForecast, level: Level) {
  return bands.find((band) => band.level === level);
}

function warningsOf({ forecast, choice }: Served): string[] {
  return [...silenceWarnings(forecast), ...warningsOfContest(choice.contest)];
}

function warningsOfContest({ origins, skill }: Contest): string[] {
  const few = origins < 10 ? [`only ${origins} back-tests were possible: the prediction intervals are inaccurate`] : [];
  return skill > 0
    ? few
    : [...few, 'no model is more accurate than the naive forecast (the same time of the day or week before)'];
}
