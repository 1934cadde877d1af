import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import {
  Activity,
  ChartLine,
  Coins,
  Ellipsis,
  Factory,
  type LucideIcon,
  Radar,
  Scale,
  ServerCog,
  TrendingUp,
} from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useQueries, useText } from '../../app-context.tsx';
import type { MessageKey } from '../../messages/lookup.ts';
import { useMedia } from '../../ui/hooks/use-media.ts';
import menuStyles from './menu.module.css';
import { type BarPages, barPages } from './navigation-bar.ts';
import styles from './shell.module.css';

interface NavigationPage {
  readonly to: '/now' | '/history' | '/energy' | '/machines' | '/baseline' | '/anomalies' | '/forecast' | '/system';
  readonly label: MessageKey;
  readonly icon: LucideIcon;
}

/** The pages in order of navigation. A page has one line here and one in the router. */
const PAGES: readonly NavigationPage[] = [
  { to: '/now', label: 'nav.now', icon: Activity },
  { to: '/history', label: 'nav.history', icon: ChartLine },
  { to: '/energy', label: 'nav.energy', icon: Coins },
  { to: '/machines', label: 'nav.machines', icon: Factory },
  { to: '/baseline', label: 'nav.baseline', icon: Scale },
  { to: '/anomalies', label: 'nav.anomalies', icon: Radar },
  { to: '/forecast', label: 'nav.forecast', icon: TrendingUp },
  { to: '/system', label: 'nav.system', icon: ServerCog },
];

/** All pages in a column; on a phone, a bar and a menu for the others. Machines needs a machine, Baseline a metered device. */
export function Navigation({ siteId }: { readonly siteId: string | null }) {
  const text = useText();
  const { pathname } = useLocation();
  const isPhone = useMedia('(max-width: 699px)');
  const machines = useQuery({ ...useQueries().machines(siteId ?? ''), enabled: siteId !== null });
  const metered = useQuery({ ...useQueries().metered(siteId ?? ''), enabled: siteId !== null });
  const isShown = (to: NavigationPage['to']) => {
    if (to === '/machines') return (machines.data?.length ?? 0) > 0;
    return to !== '/baseline' || (metered.data?.length ?? 0) > 0;
  };
  const pages = PAGES.filter(({ to }) => isShown(to));
  const { bar, more }: BarPages<NavigationPage> = isPhone ? barPages(pages, pathname) : { bar: pages, more: [] };
  return (
    <nav className={styles.nav} aria-label={text('nav.label')}>
      {bar.map(({ to, label, icon: Icon }) => (
        <Link key={to} to={to} className={styles.link} activeProps={{ 'aria-current': 'page' }}>
          <Icon size={20} strokeWidth={1.75} aria-hidden="true" />
          <span>{text(label)}</span>
        </Link>
      ))}
      {more.length > 0 ? <More pages={more} /> : null}
    </nav>
  );
}

function More({ pages }: { readonly pages: readonly NavigationPage[] }) {
  const text = useText();
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className={styles.link}>
        <Ellipsis size={20} strokeWidth={1.75} aria-hidden="true" />
        <span>{text('nav.more')}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menuStyles.menu} side="top" align="end" sideOffset={6} collisionPadding={8}>
          {pages.map(({ to, label, icon: Icon }) => (
            <DropdownMenu.Item key={to} asChild className={menuStyles.item}>
              <Link to={to}>
                <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
                {text(label)}
              </Link>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
