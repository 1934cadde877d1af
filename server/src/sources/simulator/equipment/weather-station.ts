import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Memory } from '../memory.ts';
import type { GroupTable, Recorder } from '../recorder.ts';
import type { Weather } from './weather.ts';

/** Minimum reporting interval of weather stations, whatever the step of other devices. */
const MIN_INTERVAL_MS = MINUTE_MS;

/** The garden's weather station. */
export class WeatherStation {
  readonly #weather: Weather;
  readonly #values: Float64Array;
  readonly #nextAt: number;
  readonly #table: GroupTable;

  constructor(device: string, weather: Weather, memory: Memory, recorder: Recorder) {
    this.#weather = weather;
    this.#values = memory.values;
    this.#nextAt = memory.take(0);
    this.#table = recorder.table(
      'weather',
      [
        ['temperature_c', 0.1],
        ['humidity_percent', 1],
        ['irradiance_w_m2', 1],
        ['wind_speed_m_s', 0.1],
        ['cloud_cover_percent', 1],
      ],
      [device],
    );
  }

  row(instant: number, irradianceWM2: number): void {
    if (instant < this.#values[this.#nextAt]!) return;
    this.#values[this.#nextAt] = (Math.floor(instant / MIN_INTERVAL_MS) + 1) * MIN_INTERVAL_MS;
    const { temperatureC, humidityPercent, windMS, cloudCover } = this.#weather;
    if (!this.#table.begin(0, instant)) return;
    this.#table.set(0, temperatureC);
    this.#table.set(1, humidityPercent);
    this.#table.set(2, irradianceWM2);
    this.#table.set(3, windMS);
    this.#table.set(4, 100 * cloudCover);
  }
}
