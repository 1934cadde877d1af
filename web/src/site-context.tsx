import type { Site } from '@wattkeeper/contract/site.ts';
import { createContext, useContext } from 'react';

export const SiteContext = createContext<Site | null>(null);

/** The current site. */
export function useSite(): Site {
  const site = useContext(SiteContext);
  if (!site) throw new Error('useSite is used outside the shell');
  return site;
}

/** The site to show: from the address, else the last one viewed, else the default, else the first. */
export function chooseSite(sites: readonly Site[], asked: string | undefined, last: string | null): Site | undefined {
  return (
    sites.find((site) => site.id === asked || site.name === asked) ??
    sites.find((site) => site.id === last) ??
    sites.find((site) => site.is_default) ??
    sites[0]
  );
}
