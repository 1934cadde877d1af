import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useSearch } from '@tanstack/react-router';
import {
  Activity,
  ChartLine,
  Coins,
  Factory,
  type LucideIcon,
  Radar,
  Scale,
  ServerCog,
  TrendingUp,
  Zap,
} from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import { FormatContext, usePreferences, useQueries, useText } from '../../app-context.tsx';
import type { MessageKey } from '../../messages/lookup.ts';
import { chooseSite, SiteContext } from '../../site-context.tsx';
import { EmptyNote } from '../../ui/notice.tsx';
import { HistoryNotice } from './history-notice.tsx';
import { PreferencesMenu } from './preferences-menu.tsx';
import styles from './shell.module.css';
import { SiteSwitcher } from './site-switcher.tsx';
import { useAnnouncements } from './use-announcements.ts';

/** The pages, in the order of the navigation. A page is one line here and one in the router. */
const PAGES: readonly {
  to: '/now' | '/history' | '/energy' | '/machines' | '/baseline' | '/anomalies' | '/forecast' | '/system';
  label: MessageKey;
  icon: LucideIcon;
}[] = [
  { to: '/now', label: 'nav.now', icon: Activity },
  { to: '/history', label: 'nav.history', icon: ChartLine },
  { to: '/energy', label: 'nav.energy', icon: Coins },
  { to: '/machines', label: 'nav.machines', icon: Factory },
  { to: '/baseline', label: 'nav.baseline', icon: Scale },
  { to: '/anomalies', label: 'nav.anomalies', icon: Radar },
  { to: '/forecast', label: 'nav.forecast', icon: TrendingUp },
  { to: '/system', label: 'nav.system', icon: ServerCog },
];

/** The frame of every page behind the door: navigation, the site in view, preferences. */
export function Shell() {
  const text = useText();
  const { language, siteId } = usePreferences();
  const search = useSearch({ strict: false });
  const sites = useQuery(useQueries().sites());
  const site = chooseSite(sites.data ?? [], search.site, siteId);
  const format = useMemo(
    () => ({ language, timeZone: site?.timezone ?? 'UTC', currency: site?.currency ?? 'EUR' }),
    [language, site?.timezone, site?.currency],
  );
  useAnnouncements();
  const main = useFocusOnNewPage();
  const wall = search.wall === '1';
  return (
    <FormatContext value={format}>
      <SiteContext value={site ?? null}>
        <div className={wall ? styles.wall : styles.shell}>
          {wall ? null : (
            <>
              <a className={styles.skip} href="#main">
                {text('nav.skip')}
              </a>
              <header className={styles.side}>
                <Link to="/now" className={styles.brand} aria-label="Wattkeeper">
                  <Zap size={20} aria-hidden="true" fill="currentColor" />
                  <span>Wattkeeper</span>
                </Link>
                <SiteSwitcher sites={sites.data ?? []} current={site} />
                <Navigation siteId={site?.id ?? null} />
                <PreferencesMenu />
              </header>
            </>
          )}
          <main id="main" ref={main} tabIndex={-1} className={styles.main}>
            <HistoryNotice />
            {site ? (
              <Outlet key={site.id} />
            ) : (
              <EmptyNote title={text('site.none')}>{text('site.none_hint')}</EmptyNote>
            )}
          </main>
        </div>
      </SiteContext>
    </FormatContext>
  );
}

const OF_MACHINES = ['/machines', '/baseline'];

/** Machines and their baselines stand here only where there are any. */
function Navigation({ siteId }: { readonly siteId: string | null }) {
  const text = useText();
  const machines = useQuery({ ...useQueries().machines(siteId ?? ''), enabled: siteId !== null });
  const pages = PAGES.filter(({ to }) => !OF_MACHINES.includes(to) || (machines.data?.length ?? 0) > 0);
  const nav = useCurrentInView();
  return (
    <nav ref={nav} className={styles.nav} aria-label={text('nav.label')}>
      {pages.map(({ to, label, icon: Icon }) => (
        <Link key={to} to={to} className={styles.link} activeProps={{ 'aria-current': 'page' }}>
          <Icon size={20} strokeWidth={1.75} aria-hidden="true" />
          <span>{text(label)}</span>
        </Link>
      ))}
    </nav>
  );
}

/** On a phone the bar holds more pages than fit: the one in view is scrolled to. */
function useCurrentInView() {
  const nav = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is current when the path changes
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [pathname]);
  return nav;
}

/** A new page takes the focus, as it would in a browser without scripts; the first one leaves it where it is. */
function useFocusOnNewPage() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    main.current?.focus({ preventScroll: true });
  }, [pathname]);
  return main;
}
