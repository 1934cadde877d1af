const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export const MACHINE_DAYS = [1, 7, 30, 90] as const;
export type MachineDays = (typeof MACHINE_DAYS)[number];

export interface MachinesSearch {
  readonly days?: MachineDays;
}

/** Key figures of so many days, up to the last whole hour. */
export function machineWindow(days: MachineDays, now: number): { start: number; end: number } {
  const end = Math.floor(now / HOUR_MS) * HOUR_MS;
  return { start: end - days * DAY_MS, end };
}

/** The view that an address asks for; what it does not say is left to the page. */
export function readMachinesSearch(raw: Record<string, unknown>): MachinesSearch {
  const days = MACHINE_DAYS.find((one) => one === Number(raw.days));
  return {
    ...(days !== undefined && { days }),
  };
}
