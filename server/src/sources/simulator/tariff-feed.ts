import type { DayAhead } from './day-ahead.ts';
import type { Memory } from './memory.ts';
import type { GroupTable, Recorder } from './recorder.ts';
import type { SiteClock } from './site-clock.ts';

/** Minute of the wall clock at which tomorrow's prices are published; European day-ahead auctions publish at about 13:00. */
const PUBLICATION_MINUTE = 13 * 60 + 5;

/** Publishes prices and carbon intensity a day ahead, one row per slot: the rows are in the future of the simulation. */
export class TariffFeed {
  readonly #prices: DayAhead;
  readonly #clock: SiteClock;
  readonly #values: Float64Array;
  /** Number of the last published day. */
  readonly #published: number;
  readonly #price: GroupTable;
  readonly #carbon: GroupTable;

  constructor(device: string, prices: DayAhead, clock: SiteClock, memory: Memory, recorder: Recorder) {
    this.#prices = prices;
    this.#clock = clock;
    this.#values = memory.values;
    this.#published = memory.take(0);
    this.#price = recorder.table(
      'price',
      [
        ['import_per_kwh', 1e-5],
        ['export_per_kwh', 1e-5],
      ],
      [device],
    );
    this.#carbon = recorder.table('carbon', [['intensity_kg_per_kwh', 0.001]], [device]);
  }

  /** The clock must be set to `instant`. */
  row(instant: number): void {
    const { day, minute } = this.#clock;
    const known = minute >= PUBLICATION_MINUTE ? day.number + 1 : day.number;
    const published = this.#values[this.#published]!;
    if (known <= published) return;
    for (let number = Math.max(published + 1, day.number); number <= known; number++) this.#publish(number, instant);
    this.#values[this.#published] = known;
  }

  /** Past slots are not published. */
  #publish(dayNumber: number, instant: number): void {
    const { starts, importPerKwh, exportPerKwh, carbonKgPerKwh } = this.#prices.day(dayNumber);
    for (let i = 0; i < starts.length; i++) {
      const end = starts[i + 1];
      if (end !== undefined && end <= instant) continue;
      if (this.#price.begin(0, starts[i]!)) {
        this.#price.set(0, importPerKwh[i]!);
        this.#price.set(1, exportPerKwh[i]!);
      }
      if (this.#carbon.begin(0, starts[i]!)) this.#carbon.set(0, carbonKgPerKwh[i]!);
    }
  }
}
