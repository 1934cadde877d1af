export const MACHINE_DAYS = [1, 7, 30, 90] as const;
export type MachineDays = (typeof MACHINE_DAYS)[number];

export interface MachinesSearch {
  readonly days?: MachineDays;
}

/** The view that an address asks for; what it does not say is left to the page. */
export function readMachinesSearch(raw: Record<string, unknown>): MachinesSearch {
  const days = MACHINE_DAYS.find((one) => one === Number(raw.days));
  return {
    ...(days !== undefined && { days }),
  };
}
