import { setTimeout as sleep } from 'node:timers/promises';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { Unavailable } from '../../domain/errors.ts';
import { seriesKey } from '../../ingest/admission.ts';
import type { Ingest, Receipt } from '../../ingest/ingest.ts';
import { validate } from '../../ingest/validate.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import { addSample, DayTallies, dayOfInstant } from './day-tallies.ts';
import type { Found, FoundReading, MigrationTarget, Outcome, TargetFigures, Validation } from './migration-ports.ts';
import { type ReadBackSample, readBack } from './read-back.ts';
import { blockOfNew, daysOf, framesOfDays, gather, type Wanted, type WantedGroup } from './wanted-values.ts';

export interface TelemetryTargetOptions {
  /** Stored readings, including archived ones. */
  readonly store: Pick<TelemetryStore, 'read'>;
  readonly ingest: Pick<Ingest, 'accept'>;
  /** Resolves when the store contains all acknowledged readings. */
  readonly caughtUp: () => Promise<void>;
  /** Ids of devices by name; registers unknown ones. */
  readonly resolve: (names: readonly string[]) => Promise<string[]>;
  /** Undefined for an unknown device. */
  readonly find: (name: string) => { readonly id: string } | undefined;
  readonly describe: (metric: string) => Metric;
  /** Whether the value is already in the quarantine. */
  readonly isQuarantined: (deviceId: string, metric: string, timestamp: number) => boolean;
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly dry: boolean;
}

/** Maximum number of series in a report. */
const MAX_SERIES = 1000;
/** Number of values read back individually at the end. */
const SAMPLES = 200;
const TRIES = 10;
const UNKNOWN = '?';

/**
 * Telemetry as the destination of readings. Existing values do not change: a value that differs is counted, and not overwritten, so that an
 * interrupted run continues where it stopped, and a repeated one changes nothing.
 */
export class TelemetryTarget implements MigrationTarget<FoundReading> {
  readonly #options: TelemetryTargetOptions;
  readonly #days = new DayTallies();
  readonly #values = { found: 0, written: 0, quarantined: 0, differing: 0, unreadable: 0 };
  readonly #series = new Map<string, TargetFigures['series'][number]>();
  readonly #samples: ReadBackSample[] = [];
  /** Keys of the values that this run quarantined, bounded by its size. */
  readonly #apart = new Set<string>();

  constructor(options: TelemetryTargetOptions) {
    this.#options = options;
  }

  async take(readings: readonly FoundReading[]): Promise<readonly Outcome[]> {
    for (const reading of readings) this.#note(reading);
    const groups = await this.#compare(readings);
    const outcomes = readings.map((): Outcome => 'already_there');
    for (const group of groups) {
      for (const series of group.quantities.values()) {
        for (const { found, reading } of series.values()) if (found === undefined) outcomes[reading] = 'migrated';
      }
    }
    if (!this.#options.dry) for (const { reading } of await this.#write(groups)) outcomes[reading] = 'missing';
    return outcomes;
  }

  async validate(
    again: () => AsyncIterable<readonly Found<FoundReading>[]>,
    onMissing: (where: string, reason: string) => void,
    signal: AbortSignal,
  ): Promise<Validation> {
    await this.#options.caughtUp();
    const { series, changed } = await readBack(this.#options.store, this.#days, this.#samples, signal);
    const days = this.#days.count;
    if (changed.size > 0) {
      for await (const found of again()) {
        signal.throwIfAborted();
        await this.#compareAgain(found, changed, onMissing);
      }
    }
    return { series, days, samples: this.#samples.length, compared_again: changed.size };
  }

  figures(): TargetFigures {
    return { values: this.#values, series: [...this.#series.values()] };
  }

  #note({ device, timestamp, values, problems = [] }: FoundReading): void {
    this.#values.found += values.length;
    this.#values.unreadable += problems.length;
    for (const [metric] of values) {
      const key = `${device}\n${metric}`;
      const known = this.#series.get(key);
      if (known === undefined && this.#series.size === MAX_SERIES) continue;
      const { values: count, first, last } = known ?? { values: 0, first: timestamp, last: timestamp };
      const extent = { first: Math.min(first, timestamp), last: Math.max(last, timestamp) };
      this.#series.set(key, { device, metric, values: count + 1, ...extent });
    }
  }

  /** Looks up which values the store contains, and tallies days that are touched for the first time. */
  async #compare(readings: readonly FoundReading[]): Promise<WantedGroup[]> {
    const { dry, find, resolve, caughtUp } = this.#options;
    const names = [...new Set(readings.map(({ device }) => device))];
    const ids = dry ? names.map((name) => find(name)?.id ?? UNKNOWN + name) : await resolve(names);
    const idOf = (name: string) => ids[names.indexOf(name)]!;
    await caughtUp();
    const groups = gather(readings, idOf, () => this.#values.differing++);
    for (const group of groups) {
      if (!group.deviceId.startsWith(UNKNOWN)) await this.#lookUp(group);
      for (const [quantity, series] of group.quantities) {
        for (const [instant, wanted] of series) {
          if (wanted.found !== undefined && wanted.found !== wanted.value) this.#values.differing++;
          const metric = `${group.group}.${quantity}`;
          if (wanted.found === undefined && this.#isApart(group.deviceId, metric, instant)) wanted.found = wanted.value;
        }
      }
    }
    return groups;
  }

  async #lookUp(of: WantedGroup): Promise<void> {
    const { deviceId, group } = of;
    const quantities = [...of.quantities.keys()];
    const days = daysOf(of);
    const fresh = new Set<string>();
    for (const quantity of quantities) {
      for (const day of days) {
        if (this.#days.find(deviceId, group, quantity, day) !== undefined) continue;
        this.#days.touch(deviceId, group, quantity, day);
        fresh.add(`${day} ${quantity}`);
      }
    }
    for await (const { timestamps, columns } of framesOfDays(
      this.#options.store,
      { deviceId, group, quantities },
      days,
    )) {
      for (const [c, column] of columns.entries()) {
        const quantity = quantities[c]!;
        const series = of.quantities.get(quantity) as Map<number, Wanted>;
        for (const [row, value] of column.entries()) {
          if (value !== value) continue;
          const instant = timestamps[row]!;
          const day = dayOfInstant(instant);
          if (fresh.has(`${day} ${quantity}`)) {
            const tallies = this.#days.find(deviceId, group, quantity, day);
            if (tallies !== undefined) addSample(tallies.before, instant, value);
          }
          const wanted = series.get(instant);
          if (wanted !== undefined) wanted.found = value;
        }
      }
    }
  }

  /** Stores the missing values; returns those that were rejected everywhere. */
  async #write(groups: readonly WantedGroup[]): Promise<Wanted[]> {
    const { describe, now } = this.#options;
    const written = groups.flatMap((group) => {
      const block = blockOfNew(group);
      return block === null ? [] : [{ group, block }];
    });
    if (written.length === 0) return [];
    const blocks = written.map(({ block }) => block);
    const good = blocks.map((block) => validate([block], describe, now(), 0).blocks[0] ?? block);
    const receipt = await this.#accept(blocks);
    const implausible: { key: string; wanted: Wanted }[] = [];
    const refused: Wanted[] = [];
    for (const [b, { group, block }] of written.entries()) {
      for (const [c, quantity] of block.quantities.entries()) {
        const series = group.quantities.get(quantity) as Map<number, Wanted>;
        for (const [row, value] of block.columns[c]!.entries()) {
          if (value !== value) continue;
          const instant = block.timestamps[row]!;
          const key = apartKey(group.deviceId, `${group.group}.${quantity}`, instant);
          if (receipt.refusedSeries.has(seriesKey(group.deviceId, `${group.group}.${quantity}`)))
            refused.push(series.get(instant)!);
          else if (!Number.isNaN(good[b]?.columns[c]?.[row])) this.#count(group, quantity, instant, value);
          else implausible.push({ key, wanted: series.get(instant) as Wanted });
        }
      }
    }
    this.#values.quarantined += receipt.quarantined;
    // Values are quarantined in their order, until the quarantine is full.
    for (const { key } of implausible.slice(0, receipt.quarantined)) this.#apart.add(key);
    return [...refused, ...implausible.slice(receipt.quarantined).map(({ wanted }) => wanted)];
  }

  #isApart(deviceId: string, metric: string, instant: number): boolean {
    return (
      this.#apart.has(apartKey(deviceId, metric, instant)) || this.#options.isQuarantined(deviceId, metric, instant)
    );
  }

  #count({ deviceId, group }: WantedGroup, quantity: string, instant: number, value: number): void {
    const tallies = this.#days.find(deviceId, group, quantity, dayOfInstant(instant));
    if (tallies !== undefined) addSample(tallies.written, instant, value);
    this.#values.written++;
    // Algorithm R (Vitter 1985): each value is as likely to be among the samples as any other.
    const place = this.#samples.length < SAMPLES ? SAMPLES : this.#options.random() * this.#values.written;
    const sample = { deviceId, group, quantity, instant, value };
    if (place === SAMPLES) this.#samples.push(sample);
    else if (place < SAMPLES) this.#samples[Math.floor(place)] = sample;
  }

  /** Waits while the service is busy with other readings. */
  async #accept(blocks: readonly Block[]): Promise<Receipt> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#options.ingest.accept(blocks);
      } catch (error) {
        const wait = error instanceof Unavailable ? error.retryAfterS : undefined;
        if (wait === undefined || attempt === TRIES) throw error;
        await sleep(wait * 1000);
      }
    }
  }

  /** Compares the readings of changed days value by value. */
  async #compareAgain(
    found: readonly Found<FoundReading>[],
    changed: ReadonlySet<string>,
    onMissing: (where: string, reason: string) => void,
  ): Promise<void> {
    const { find, store } = this.#options;
    const read = found.flatMap((one) => ('item' in one ? [one] : []));
    const readings = read.map(({ item }) => item);
    const reported = new Set<number>();
    for (const group of gather(
      readings,
      (name) => find(name)?.id ?? UNKNOWN + name,
      () => {},
    )) {
      const { deviceId } = group;
      const isChanged = (day: number) => changed.has(`${deviceId} ${group.group} ${day}`);
      const quantities = [...group.quantities.keys()];
      const days = daysOf(group).filter(isChanged);
      for await (const frame of framesOfDays(store, { deviceId, group: group.group, quantities }, days)) {
        for (const [c, quantity] of quantities.entries()) {
          for (const [row, value] of frame.columns[c]!.entries()) {
            const wanted = group.quantities.get(quantity)?.get(frame.timestamps[row]!);
            if (wanted !== undefined && value === value) wanted.found = value;
          }
        }
      }
      for (const [quantity, series] of group.quantities) {
        const metric = `${group.group}.${quantity}`;
        for (const [instant, { value, found: there, reading }] of series) {
          if (!isChanged(dayOfInstant(instant)) || there === value || reported.has(reading)) continue;
          if (there === undefined && this.#isApart(deviceId, metric, instant)) continue;
          reported.add(reading);
          const has = there === undefined ? 'nothing' : there;
          onMissing(read[reading]?.where ?? '', `${metric}: ${value} was found, the store has ${has}`);
        }
      }
    }
  }
}

function apartKey(deviceId: string, metric: string, instant: number): string {
  return `${deviceId} ${metric} ${instant}`;
}
