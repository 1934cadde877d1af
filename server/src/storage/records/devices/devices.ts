import type { CounterBehaviour, DeviceKind } from '@wattkeeper/contract/device.ts';
import type { Page, PageRequest } from '../page.ts';

/** What an event of a counter counts for, as somebody decided. Instants are epoch milliseconds. */
export interface CounterDecision {
  readonly metric: string;
  /** First sample of the event. */
  readonly at: number;
  /** In the unit of the metric. */
  readonly counts: number;
  readonly decidedBy: string;
  readonly decidedAt: number;
}

/** Anything that reports readings. Instants are epoch milliseconds. */
export interface DeviceRecord {
  readonly id: string;
  readonly siteId: string;
  /** Unique; stands wherever the id may stand. */
  readonly name: string;
  readonly kind: DeviceKind;
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds between reports; null: found from the data. */
  readonly expectedIntervalS: number | null;
  /** From when on it does not count; null: it is active. */
  readonly retiredAt: number | null;
  /** It reports changes only, and a value holds for this many seconds at most; null: found from the data. */
  readonly holdsS: number | null;
  readonly ratedPowerKw: number | null;
  /** Behaviour of counters by metric, as far as it is declared. */
  readonly counters: Readonly<Record<string, CounterBehaviour>>;
  readonly counterDecisions: readonly CounterDecision[];
  /** Length of the intervals of quantities per interval (`1d`) by metric, as far as it is declared. */
  readonly intervals: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

/** Most decisions about events of a device's counters. */
export const MAX_COUNTER_DECISIONS = 1000;

export interface DeviceInput {
  /** Of a device whose readings are stored already; default: a new one. */
  readonly id?: string | undefined;
  readonly name: string;
  readonly siteId: string;
  readonly kind?: DeviceKind | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly expectedIntervalS?: number | null | undefined;
  readonly holdsS?: number | null | undefined;
  readonly ratedPowerKw?: number | null | undefined;
  readonly counters?: Readonly<Record<string, CounterBehaviour>> | undefined;
  readonly intervals?: Readonly<Record<string, string>> | undefined;
}

export type DevicePatch = {
  readonly [K in keyof Omit<DeviceRecord, 'id' | 'createdAt' | 'counterDecisions'>]?: DeviceRecord[K] | undefined;
};

export interface DeviceFilter {
  readonly siteId?: string | undefined;
  readonly kind?: DeviceKind | undefined;
}

/** A device that registers itself by reporting. */
export interface DeviceRegistration {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Used when the device is new. */
  readonly kind?: DeviceKind | undefined;
}

export interface DeviceChange {
  readonly type: 'created' | 'updated' | 'removed';
  readonly device: DeviceRecord;
}

export interface Devices {
  /** All devices by name, for what keeps them in memory. */
  list(filter?: DeviceFilter): Promise<DeviceRecord[]>;
  /** By name, a page at a time. */
  page(request: PageRequest & DeviceFilter): Promise<Page<DeviceRecord>>;
  /** By id, or by its unique name. */
  find(idOrName: string): Promise<DeviceRecord | undefined>;
  /** As `find`; throws NotFound. */
  require(idOrName: string): Promise<DeviceRecord>;
  /** Throws Conflict when the name is taken, InvalidInput when the site is unknown. */
  create(device: DeviceInput): Promise<DeviceRecord>;
  /**
   * The device of this id or name; one that is not known joins the default site, which is created when there is none.
   * Labels are added to those it has; a label that it has with another value takes the new one.
   */
  ensure(name: string, labels?: Readonly<Record<string, string>>, kind?: DeviceKind): Promise<DeviceRecord>;
  /** `ensure` for many in one transaction; answers in the order asked. */
  ensureAll(registrations: readonly DeviceRegistration[]): Promise<DeviceRecord[]>;
  /** Changes the given fields; labels are replaced. Throws NotFound, Conflict when the name is taken, InvalidInput when the site is unknown. */
  update(id: string, patch: DevicePatch): Promise<DeviceRecord>;
  /**
   * Decides what an event of a counter counts for, in place of what was decided before; null takes the decision back. Throws NotFound, and Conflict
   * where the device has `MAX_COUNTER_DECISIONS` already.
   */
  decideCounter(
    id: string,
    event: Pick<CounterDecision, 'metric' | 'at'>,
    decision: Pick<CounterDecision, 'counts' | 'decidedBy'> | null,
  ): Promise<DeviceRecord>;
  /**
   * Deletes everything on record that belongs to the device (series, charging sessions, baselines, forecasts, anomalies, repairs), and puts the removal on record in the
   * same transaction: see `DeviceRemovals`. Its id is never used again. Throws NotFound.
   */
  remove(id: string): Promise<void>;
  /** Calls the listener after each change that was made through this store; answers how to stop. */
  onChange(listener: (change: DeviceChange) => void): () => void;
}
