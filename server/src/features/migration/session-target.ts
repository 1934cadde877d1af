import type { ChargingSessionInput, ChargingSessions } from '../../storage/records/analytics/charging-sessions.ts';
import { dayOfInstant } from './day-tallies.ts';
import type { Found, FoundSession, MigrationTarget, Outcome, TargetFigures, Validation } from './migration-ports.ts';

export interface SessionTargetOptions {
  readonly sessions: Pick<ChargingSessions, 'page' | 'upsert'>;
  /** Ids of devices by name; registers unknown ones. */
  readonly resolve: (names: readonly string[]) => Promise<string[]>;
  /** Undefined for an unknown device. */
  readonly find: (name: string) => { readonly id: string } | undefined;
  readonly dry: boolean;
}

type Figures = TargetFigures['series'][number];

/**
 * Charging sessions as the destination of sold energy. A device has one session per start: a session recorded by a user does not change, a
 * detected one is replaced.
 */
export class SessionTarget implements MigrationTarget<FoundSession> {
  readonly #options: SessionTargetOptions;
  readonly #values = { found: 0, written: 0, quarantined: 0, differing: 0, unreadable: 0 };
  readonly #devices = new Map<string, Figures>();
  /** Sessions that a dry run would store. */
  readonly #planned = new Set<string>();
  /** Sessions for which the records contain a different one. */
  readonly #differing = new Set<string>();

  constructor(options: SessionTargetOptions) {
    this.#options = options;
  }

  async take(items: readonly FoundSession[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const item of items) {
      this.#note(item);
      outcomes.push(await this.#takeOne(item));
    }
    return outcomes;
  }

  async validate(
    again: () => AsyncIterable<readonly Found<FoundSession>[]>,
    onMissing: (where: string, reason: string) => void,
    signal: AbortSignal,
  ): Promise<Validation> {
    const days = new Set<string>();
    let samples = 0;
    for await (const found of again()) {
      for (const one of found) {
        signal.throwIfAborted();
        if (!('item' in one)) continue;
        samples++;
        days.add(`${one.item.device} ${dayOfInstant(one.item.startAt)}`);
        const known = await this.#known(one.item);
        if (known === undefined) onMissing(one.where, 'the records have no session of this device and start');
        else if (!isSame(known, one.item) && !this.#differing.has(keyOf(one.item)))
          onMissing(one.where, 'the records have another session in its place');
      }
    }
    return { series: this.#devices.size, days: days.size, samples, compared_again: 0 };
  }

  figures(): TargetFigures {
    return { values: this.#values, series: [...this.#devices.values()] };
  }

  async #takeOne(item: FoundSession): Promise<Outcome> {
    const known = await this.#known(item);
    const isThere = known?.source === 'recorded' || this.#planned.has(keyOf(item));
    if (isThere) {
      if (known !== undefined && !isSame(known, item)) {
        this.#values.differing++;
        this.#differing.add(keyOf(item));
      }
      return 'already_there';
    }
    this.#planned.add(keyOf(item));
    if (this.#options.dry) return 'migrated';
    const [deviceId] = (await this.#options.resolve([item.device])) as [string];
    await this.#options.sessions.upsert(toInput(item, deviceId));
    this.#values.written++;
    return 'migrated';
  }

  async #known({ device, startAt }: FoundSession) {
    const deviceId = this.#options.find(device)?.id;
    if (deviceId === undefined) return undefined;
    const request = { limit: 1, deviceId, start: startAt, end: startAt + 1 };
    return (await this.#options.sessions.page(request)).items[0];
  }

  #note({ device, startAt, endAt }: FoundSession): void {
    const { values, first, last } = this.#devices.get(device) ?? { values: 0, first: startAt, last: endAt };
    this.#values.found++;
    this.#devices.set(device, {
      device,
      metric: 'charging sessions',
      values: values + 1,
      first: Math.min(first, startAt),
      last: Math.max(last, endAt),
    });
  }
}

function keyOf({ device, startAt }: FoundSession): string {
  return `${startAt} ${device}`;
}

function toInput(item: FoundSession, deviceId: string): ChargingSessionInput {
  const { id, startAt, endAt, energyKwh, startSocPercent, endSocPercent, averagePricePerKwh, revenue } = item;
  return {
    deviceId,
    direction: 'discharge',
    startAt,
    endAt,
    energyKwh,
    startSocPercent,
    endSocPercent,
    averagePricePerKwh,
    cost: revenue === null ? null : 0 - revenue,
    note: id === null ? null : `Session ${id}`.slice(0, 1000),
    source: 'recorded',
  };
}

function isSame(known: Omit<ChargingSessionInput, 'deviceId'>, item: FoundSession): boolean {
  const expected = toInput(item, '');
  return (
    ['direction', 'endAt', 'energyKwh', 'startSocPercent', 'endSocPercent', 'averagePricePerKwh', 'cost'] as const
  ).every((field) => known[field] === expected[field]);
}
