import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { intersect, type Window } from '../../domain/time/window.ts';
import { hash, Random } from './random.ts';

export const FAULT_KINDS = [
  'power_spike',
  'drop',
  'temperature_spike',
  'pressure',
  'efficiency_drop',
  'stuck_sensor',
  'gap',
  'unusual_pattern',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A simulated fault: the ground truth for anomaly detection. */
export interface FaultTruth {
  /** Key of the simulated device. */
  readonly device: string;
  /** Metric that deviates; `*` for a gap, in which the whole device is silent. */
  readonly metric: string;
  readonly kind: FaultKind;
  /** Epoch milliseconds, half-open. */
  readonly start: number;
  readonly end: number;
  /**
   * `power_spike`, `unusual_pattern`, `temperature_spike`, `pressure`: the added amount, in the metric's unit. `drop`, `efficiency_drop`:
   * relative change (−0.3 is 30 % less, 0.2 is 20 % more). `stuck_sensor`, `gap`: 0.
   */
  readonly magnitude: number;
}

/** A fault that a device may have. */
export interface FaultRule {
  readonly device: string;
  readonly metric: string;
  readonly kind: FaultKind;
  readonly magnitude: readonly [low: number, high: number];
  readonly minutes: readonly [low: number, high: number];
  /** Hours of the solar day in which it may start; default any. */
  readonly hours?: readonly [from: number, to: number];
}

export interface FaultOptions {
  /** Expected number of random faults per day on the whole site. */
  readonly perDay?: number;
  /** Additional faults at fixed times. */
  readonly planned?: readonly FaultTruth[];
}

/** A device has at most one random fault in a block of this many days, so no two of them overlap. */
const BLOCK_DAYS = 4;
const BLOCK_MS = BLOCK_DAYS * UTC_DAY_MS;

/** The schedule of faults: depends on the seed alone, for any window. */
export class FaultSchedule {
  readonly #seed: number;
  readonly #byDevice: ReadonlyMap<string, readonly FaultRule[]>;
  readonly #chance: number;
  readonly #planned: readonly FaultTruth[];
  readonly #solarOffsetMs: number;

  constructor(rules: readonly FaultRule[], options: FaultOptions, seed: number, longitude: number) {
    const perDay = options.perDay ?? 0;
    this.#byDevice = Map.groupBy(rules, ({ device }) => device);
    const maxPerDay = this.#byDevice.size / BLOCK_DAYS;
    if (!(perDay >= 0 && perDay <= maxPerDay)) {
      throw new InvalidInput(`faults.perDay must be between 0 and ${maxPerDay} for this site; got ${perDay}`);
    }
    this.#chance = this.#byDevice.size === 0 ? 0 : perDay / maxPerDay;
    this.#planned = options.planned ?? [];
    this.#seed = seed;
    this.#solarOffsetMs = (longitude / 360) * UTC_DAY_MS;
  }

  /** All faults that overlap a window, sorted by start. */
  between(window: Window): FaultTruth[] {
    const found = this.#planned.filter((fault) => intersect(fault, window) !== null);
    if (this.#chance > 0) {
      for (let block = Math.floor(window.start / BLOCK_MS); block * BLOCK_MS < window.end; block++) {
        for (const [device, rules] of this.#byDevice) {
          const fault = this.#draw(block, device, rules);
          if (fault !== null && intersect(fault, window) !== null) found.push(fault);
        }
      }
    }
    return found.sort((a, b) => a.start - b.start || (a.device < b.device ? -1 : 1));
  }

  #draw(block: number, device: string, rules: readonly FaultRule[]): FaultTruth | null {
    const random = new Random(hash(this.#seed, 'fault', device, block));
    if (!random.chance(this.#chance)) return null;
    const rule = rules[random.whole(0, rules.length - 1)]!;
    const durationMs = Math.round(random.between(...rule.minutes)) * MINUTE_MS;
    const [from, to] = rule.hours ?? [0, 24];
    const day = random.whole(0, BLOCK_DAYS - 1);
    const wished = (day + random.between(from, to) / 24) * UTC_DAY_MS - this.#solarOffsetMs;
    const inBlock = Math.min(Math.max(wished, 0), BLOCK_MS - durationMs);
    const start = block * BLOCK_MS + Math.floor(inBlock / MINUTE_MS) * MINUTE_MS;
    const magnitude = Math.round(random.between(...rule.magnitude) * 1000) / 1000;
    return { device, metric: rule.metric, kind: rule.kind, start, end: start + durationMs, magnitude };
  }
}

/**
 * The effect of the current faults on each metric. Models use handles: numbers that are looked up once. Power and efficiency faults act
 * on the physics (excess consumption is drawn from the grid); sensor faults act on the reported values.
 */
export class FaultBoard {
  readonly #schedule: FaultSchedule;
  readonly #handles = new Map<string, number>();
  readonly #added: number[] = [];
  readonly #factor: number[] = [];
  readonly #isStuck: boolean[] = [];
  #validFrom = Number.POSITIVE_INFINITY;
  #validUntil = Number.NEGATIVE_INFINITY;

  constructor(schedule: FaultSchedule) {
    this.#schedule = schedule;
  }

  /** The handle of a device's metric; metric `*` means the device. */
  handle(device: string, metric: string): number {
    const key = `${device}\n${metric}`;
    const known = this.#handles.get(key);
    if (known !== undefined) return known;
    const handle = this.#handles.size;
    this.#handles.set(key, handle);
    this.#added.push(0);
    this.#factor.push(1);
    this.#isStuck.push(false);
    return handle;
  }

  moveTo(instant: number): void {
    if (instant >= this.#validFrom && instant < this.#validUntil) return;
    const ahead = { start: instant, end: instant + UTC_DAY_MS };
    const near = this.#schedule.between(ahead);
    const active = near.filter(({ start }) => start <= instant);
    this.#validFrom = instant;
    this.#validUntil = Math.min(
      ahead.end,
      ...active.map(({ end }) => end),
      ...near.map(({ start }) => (start > instant ? start : ahead.end)),
    );
    this.#added.fill(0);
    this.#factor.fill(1);
    this.#isStuck.fill(false);
    for (const fault of active) this.#apply(fault);
  }

  added(handle: number): number {
    return this.#added[handle]!;
  }

  factor(handle: number): number {
    return this.#factor[handle]!;
  }

  /** A metric that repeats its last value, or a device that is silent. */
  isStuck(handle: number): boolean {
    return this.#isStuck[handle]!;
  }

  #apply({ device, metric, kind, magnitude }: FaultTruth): void {
    const handle = this.#handles.get(`${device}\n${metric}`);
    if (handle === undefined)
      throw new InvalidInput(`no simulated device "${device}" reports "${metric}", so it cannot fail`);
    if (kind === 'stuck_sensor' || kind === 'gap') this.#isStuck[handle] = true;
    else if (kind === 'drop' || kind === 'efficiency_drop')
      this.#factor[handle] = this.factor(handle) * (1 + magnitude);
    else this.#added[handle] = this.added(handle) + magnitude;
  }
}
