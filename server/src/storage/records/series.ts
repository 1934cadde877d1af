/** A metric that a device has reported. */
export interface SeriesRecord {
  readonly deviceId: string;
  /** Full metric name: `battery.soc_percent`. */
  readonly metric: string;
  /** Instant of the earliest reading that was registered, epoch milliseconds. */
  readonly firstSeenAt: number;
}

export interface SeriesRegistry {
  /** By device and metric. */
  list(deviceId?: string): Promise<SeriesRecord[]>;
  /**
   * Registers series in one transaction; one that is known keeps the earlier of both instants. Answers how many are new.
   * Series of devices that do not exist are passed over: a device may be deleted while its last readings are on their way.
   */
  ensure(series: readonly SeriesRecord[]): Promise<number>;
}
