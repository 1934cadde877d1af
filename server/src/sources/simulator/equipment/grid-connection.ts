import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Memory } from '../memory.ts';
import { hash, Random, Wander } from '../random.ts';
import type { GroupTable, Quantity, Recorder } from '../recorder.ts';

/** Columns of a grid meter; the resolution of its power and counters depends on its size. */
const quantities = (powerStepKw: number): Quantity[] => [
  ['power_kw', powerStepKw],
  ['voltage_v', 0.1],
  ['frequency_hz', 0.01],
  ['energy_imported_kwh', 0.01],
  ['energy_exported_kwh', 0.01],
];

export interface ConnectionOptions {
  readonly device: string;
  readonly nominalV: number;
  /** Voltage drop per kW of import, V. */
  readonly dropVPerKw: number;
  readonly powerStepKw: number;
  readonly importedKwh: number;
  readonly exportedKwh: number;
}

/** A meter at the grid connection: power + import, − export, with the voltage and frequency of a European low-voltage grid. */
export class GridConnection {
  readonly #options: ConnectionOptions;
  readonly #values: Float64Array;
  readonly #importedWh: number;
  readonly #exportedWh: number;
  readonly #slowV: Wander;
  readonly #fastV: Wander;
  readonly #frequency: Wander;
  readonly #table: GroupTable;

  constructor(options: ConnectionOptions, seed: number, memory: Memory, recorder: Recorder) {
    const random = new Random(hash(seed, 'grid'), memory);
    this.#options = options;
    this.#values = memory.values;
    this.#importedWh = memory.take(1000 * options.importedKwh);
    this.#exportedWh = memory.take(1000 * options.exportedKwh);
    this.#slowV = new Wander(memory, random, 0.006 * options.nominalV, 2700);
    this.#fastV = new Wander(memory, random, 0.0016 * options.nominalV, 50);
    // The frequency of the Continental European grid deviates by about 20 mHz (ENTSO-E).
    this.#frequency = new Wander(memory, random, 0.02, 240);
    this.#table = recorder.table('grid', quantities(options.powerStepKw), [options.device]);
  }

  /** @param connected whether the supply is connected; without it, such as an unplugged shore cable, the voltage is 0 */
  row(instant: number, stepMs: number, watts: number, connected = true): void {
    const { nominalV, dropVPerKw } = this.#options;
    const strayV = this.#slowV.step(stepMs / 1000) + this.#fastV.step(stepMs / 1000);
    const frequency = 50 + this.#frequency.step(stepMs / 1000);
    const values = this.#values;
    const table = this.#table;
    if (table.begin(0, instant)) {
      table.set(0, watts / 1000);
      table.set(1, connected ? nominalV + strayV - (dropVPerKw * watts) / 1000 : 0);
      table.set(2, connected ? frequency : 0);
      table.set(3, values[this.#importedWh]! / 1000);
      table.set(4, values[this.#exportedWh]! / 1000);
    }
    const at = watts > 0 ? this.#importedWh : this.#exportedWh;
    values[at] = values[at]! + (Math.abs(watts) * stepMs) / HOUR_MS;
  }
}
