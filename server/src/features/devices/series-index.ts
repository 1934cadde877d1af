import type { SeriesLimits, SeriesRefusal } from '../../domain/series-limits.ts';

type CountLimits = Pick<SeriesLimits, 'series' | 'seriesPerDevice' | 'groups' | 'metricsPerGroup'>;

/** All known series, with the counts to which the limits apply. A metric's name is stored once for all devices. */
export class SeriesIndex {
  readonly #limits: CountLimits;
  readonly #byDevice = new Map<string, Set<string>>();
  /** Group → quantity → name of the metric. */
  readonly #groups = new Map<string, Map<string, string>>();
  /** Device → group → instant of the earliest reading. */
  readonly #firstAt = new Map<string, Map<string, number>>();
  #total = 0;

  constructor(limits: CountLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Metrics of a device. */
  of(deviceId: string): ReadonlySet<string> {
    return this.#byDevice.get(deviceId) ?? NOTHING;
  }

  has(deviceId: string, group: string, quantity: string): boolean {
    const metric = this.#groups.get(group)?.get(quantity);
    return metric !== undefined && this.of(deviceId).has(metric);
  }

  /** Adds a series regardless of the limits, and returns its metric. */
  add(deviceId: string, group: string, quantity: string): string {
    const quantities = this.#groups.get(group) ?? new Map<string, string>();
    this.#groups.set(group, quantities);
    const metric = quantities.get(quantity) ?? `${group}.${quantity}`;
    quantities.set(quantity, metric);
    const metrics = this.#byDevice.get(deviceId) ?? new Set<string>();
    this.#byDevice.set(deviceId, metrics);
    if (!metrics.has(metric)) this.#total++;
    metrics.add(metric);
    return metric;
  }

  /** Earliest reading of a device in a group, or null. */
  firstAt(deviceId: string, group: string): number | null {
    return this.#firstAt.get(deviceId)?.get(group) ?? null;
  }

  /** Records a reading of a known series; returns whether it is earlier than all before. */
  noteReading(deviceId: string, group: string, instant: number): boolean {
    const groups = this.#firstAt.get(deviceId) ?? new Map<string, number>();
    this.#firstAt.set(deviceId, groups);
    if (instant >= (groups.get(group) ?? Number.POSITIVE_INFINITY)) return false;
    groups.set(group, instant);
    return true;
  }

  /** The reason why a new series cannot be added, or null. */
  refusal(deviceId: string, group: string, quantity: string): SeriesRefusal | null {
    const { series, seriesPerDevice, groups, metricsPerGroup } = this.#limits;
    const known = this.#groups.get(group);
    if (known === undefined && this.#groups.size >= groups)
      return tooMany('metrics', `${this.#groups.size} metric groups are known`, 'groups', groups);
    if (known !== undefined && known.size >= metricsPerGroup && !known.has(quantity))
      return tooMany('metrics', `the group has ${known.size} metrics`, 'metrics_per_group', metricsPerGroup);
    const { size } = this.of(deviceId);
    if (size >= seriesPerDevice)
      return tooMany('series', `the device has ${size} series`, 'series_per_device', seriesPerDevice);
    if (this.#total >= series) return tooMany('series', `${this.#total} series are known`, 'series', series);
    return null;
  }

  forget(deviceId: string): void {
    this.#total -= this.of(deviceId).size;
    this.#byDevice.delete(deviceId);
    this.#firstAt.delete(deviceId);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

function tooMany(what: 'metrics' | 'series', found: string, setting: string, allowed: number): SeriesRefusal {
  return { code: `too_many_${what}`, detail: `${found}, limits.${setting} allows ${allowed}: this one is new` };
}
