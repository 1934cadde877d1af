import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import {
  clearSky,
  type Irradiance,
  type Plane,
  planeOfArray,
  type SunPosition,
  sunPosition,
} from '../../domain/time/sun.ts';

export interface SolarSite {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
}

/** Typical clean air. */
const LINKE_TURBIDITY = 3;

/** The clear sky over a site, sampled within each hour. */
export class HourlySky {
  readonly #samples: number;
  readonly #suns: readonly SunPosition[];
  readonly #skies: readonly Irradiance[];
  readonly #hours: number;

  /**
   * @param starts of the hours, epoch milliseconds
   * @param samples instants per hour, evenly spaced
   */
  constructor({ latitudeDeg, longitudeDeg }: SolarSite, starts: Float64Array, samples: number) {
    this.#hours = starts.length;
    this.#samples = samples;
    const instants = Array.from(
      { length: starts.length * samples },
      (_, i) => starts[Math.floor(i / samples)]! + (((i % samples) + 0.5) * HOUR_MS) / samples,
    );
    this.#suns = instants.map((instant) => sunPosition(instant, latitudeDeg, longitudeDeg));
    this.#skies = this.#suns.map((sun) => clearSky(sun, 0, LINKE_TURBIDITY));
  }

  /** Mean irradiance of each hour on a plane, W/m²; 0 at night. */
  on(plane: Plane): Float64Array {
    const hourly = new Float64Array(this.#hours);
    for (let i = 0; i < this.#skies.length; i++) {
      const sky = this.#skies[i]!;
      if (sky.ghi > 0)
        hourly[Math.floor(i / this.#samples)]! += planeOfArray(this.#suns[i]!, sky, plane) / this.#samples;
    }
    return hourly;
  }
}
