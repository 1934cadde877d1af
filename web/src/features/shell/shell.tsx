import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useSearch } from '@tanstack/react-router';
import { Zap } from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import { FormatContext, usePreferences, useQueries, useServices, useText } from '../../app-context.tsx';
import { chooseSite, SiteContext } from '../../site-context.tsx';
import { buttonClass } from '../../ui/controls/button.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { HistoryNotice } from './history-notice.tsx';
import { Navigation } from './navigation.tsx';
import { PreferencesMenu } from './preferences-menu.tsx';
import styles from './shell.module.css';
import { SiteSwitcher } from './site-switcher.tsx';
import { useAnnouncements } from './use-announcements.ts';

/** The frame of every page after sign-in: navigation, site switcher, preferences. */
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
  useInstallationLanguage();
  const wall = search.wall === '1';
  // An import or migration creates its site; its dialog stays open.
  const beyondSites = /\/(import|system)$/.exec(useLocation().pathname)?.[1];
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
            {site || beyondSites === 'import' ? (
              <Outlet key={beyondSites ?? site?.id} />
            ) : (
              <EmptyNote title={text('site.none')}>
                <p>{text('site.none_hint')}</p>
                <Link to="/import" className={buttonClass('primary')}>
                  {text('import.title')}
                </Link>
              </EmptyNote>
            )}
          </main>
        </div>
      </SiteContext>
    </FormatContext>
  );
}

/** Sets the language of the installation for users who have not chosen one. */
function useInstallationLanguage(): void {
  const { preferences, queries } = useServices();
  const language = useQuery(queries.settings()).data?.language;
  useEffect(() => {
    if (language) preferences.suggestLanguage(language);
  }, [language, preferences]);
}

/** Focuses each new page, like a browser without scripts; the first page keeps the focus unchanged. */
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
