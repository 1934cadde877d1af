export const SYSTEM_TABS = ['storage', 'sources', 'quality', 'features', 'access', 'audit'] as const;
export type SystemTab = (typeof SYSTEM_TABS)[number];

/** The displayed tab of System; default: the first. */
export function readSystemSearch(raw: Record<string, unknown>): { tab?: SystemTab } {
  return SYSTEM_TABS.includes(raw.tab as SystemTab) ? { tab: raw.tab as SystemTab } : {};
}
