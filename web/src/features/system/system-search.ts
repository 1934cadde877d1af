export const SYSTEM_TABS = ['storage', 'sources', 'quality', 'features', 'access', 'audit'] as const;
export type SystemTab = (typeof SYSTEM_TABS)[number];

/** Which part of System is in view; its first when the address does not say. */
export function readSystemSearch(raw: Record<string, unknown>): { tab?: SystemTab } {
  return SYSTEM_TABS.includes(raw.tab as SystemTab) ? { tab: raw.tab as SystemTab } : {};
}
