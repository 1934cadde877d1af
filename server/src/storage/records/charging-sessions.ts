import type { Page, PageRequest } from './page.ts';

/** A battery or vehicle was charged or discharged. Instants are epoch milliseconds. */
export interface ChargingSessionRecord {
  readonly id: string;
  readonly deviceId: string;
  /** Of the device, as it is now. */
  readonly deviceName: string;
  /** Of the device, as it is now. */
  readonly siteId: string;
  readonly direction: 'charge' | 'discharge';
  readonly startAt: number;
  /** null while the session runs. */
  readonly endAt: number | null;
  readonly energyKwh: number;
  readonly startSocPercent: number | null;
  readonly endSocPercent: number | null;
  readonly averagePricePerKwh: number | null;
  /** Money spent charging, or earned (negative) discharging to the grid. */
  readonly cost: number | null;
  /** 0–1. */
  readonly gridShare: number | null;
  readonly note: string | null;
  readonly source: 'detected' | 'recorded';
}

/** What may be left out is null. */
export type ChargingSessionInput = Pick<
  ChargingSessionRecord,
  'deviceId' | 'direction' | 'startAt' | 'energyKwh' | 'source'
> &
  ChargingSessionPatch;

export type ChargingSessionPatch = {
  readonly [K in keyof Omit<ChargingSessionRecord, 'id' | 'deviceId' | 'deviceName' | 'siteId' | 'source'>]?:
    | ChargingSessionRecord[K]
    | undefined;
};

export interface ChargingSessionFilter {
  readonly deviceId?: string | undefined;
  readonly siteId?: string | undefined;
  /** Sessions that start at or after this instant. */
  readonly start?: number | undefined;
  /** Sessions that start before this instant. */
  readonly end?: number | undefined;
}

/** A device has at most one session that starts at an instant. */
export interface ChargingSessions {
  /** Newest first. */
  page(request: PageRequest & ChargingSessionFilter): Promise<Page<ChargingSessionRecord>>;
  find(id: string): Promise<ChargingSessionRecord | undefined>;
  /** Throws NotFound. */
  require(id: string): Promise<ChargingSessionRecord>;
  /** The session of a device that runs, if any; the newest when several do. */
  running(deviceId: string): Promise<ChargingSessionRecord | undefined>;
  /** Throws Conflict when the device has a session that starts at the same instant, InvalidInput for an unknown device. */
  create(session: ChargingSessionInput): Promise<ChargingSessionRecord>;
  /** Creates the session or rewrites the one of the same device and start; one that was recorded by hand stays as it is. */
  upsert(session: ChargingSessionInput): Promise<ChargingSessionRecord>;
  /** Throws NotFound, Conflict, or InvalidInput when it would end before it starts. */
  update(id: string, patch: ChargingSessionPatch): Promise<ChargingSessionRecord>;
  /** Throws NotFound. */
  remove(id: string): Promise<void>;
}
