import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import type { AppServices } from './app-context.tsx';
import { isSignedOut } from './data/problem.ts';
import { readAnomaliesSearch } from './features/anomalies/anomalies-search.ts';
import { readBaselineSearch } from './features/baseline/baseline-search.ts';
import { readEnergySearch } from './features/energy/energy-search.ts';
import { readForecastSearch } from './features/forecast/forecast-search.ts';
import { readHistorySearch } from './features/history/history-search.ts';
import { readMachinesSearch } from './features/machines/machines-search.ts';
import { CrashPage, LoadingPage, NotFoundPage } from './features/shell/fallback-pages.tsx';
import { Shell } from './features/shell/shell.tsx';
import { readSystemSearch } from './features/system/system-search.ts';
import { loadPart } from './load-part.ts';
import { parseSearch, stringifySearch } from './search-text.ts';

interface RouterContext {
  readonly services: AppServices;
  readonly queryClient: QueryClient;
}

type Raw = Record<string, unknown>;
const textOrNone = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);

const root = createRootRouteWithContext<RouterContext>()({ component: Outlet, notFoundComponent: NotFoundPage });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (raw: Raw): { code?: string; next?: string } => {
    const code = textOrNone(raw.code);
    const next = textOrNone(raw.next);
    // Only addresses of this app, to prevent open redirects.
    return { ...(code ? { code } : {}), ...(next && /^\/(?!\/)/.test(next) ? { next } : {}) };
  },
  component: lazyRouteComponent(() => loadPart(() => import('./features/sign-in/sign-in-page.tsx')), 'SignInPage'),
});

/** Routes that need a signed-in user, with the current site as `site` in the address. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  validateSearch: (raw: Raw): { site?: string } => {
    const site = textOrNone(raw.site);
    return site ? { site } : {};
  },
  search: { middlewares: [retainSearchParams(['site'])] },
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queryClient.ensureQueryData(context.services.queries.me());
    } catch (error) {
      if (!isSignedOut(error)) throw error;
      throw redirect({ to: '/sign-in', search: { next: location.href } });
    }
  },
  loader: ({ context }) => context.queryClient.ensureQueryData(context.services.queries.sites()),
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/now' });
  },
});

const now = createRoute({
  getParentRoute: () => signedIn,
  path: '/now',
  validateSearch: (raw: Raw): { wall?: '1' } => (raw.wall === '1' ? { wall: '1' } : {}),
  component: lazyRouteComponent(() => loadPart(() => import('./features/now/now-page.tsx')), 'NowPage'),
});

const history = createRoute({
  getParentRoute: () => signedIn,
  path: '/history',
  validateSearch: readHistorySearch,
  component: lazyRouteComponent(() => loadPart(() => import('./features/history/history-page.tsx')), 'HistoryPage'),
});

const energy = createRoute({
  getParentRoute: () => signedIn,
  path: '/energy',
  validateSearch: readEnergySearch,
  component: lazyRouteComponent(() => loadPart(() => import('./features/energy/energy-page.tsx')), 'EnergyPage'),
});

const machines = createRoute({
  getParentRoute: () => signedIn,
  path: '/machines',
  validateSearch: readMachinesSearch,
  component: lazyRouteComponent(() => loadPart(() => import('./features/machines/machines-page.tsx')), 'MachinesPage'),
});

const machine = createRoute({
  getParentRoute: () => signedIn,
  path: '/machines/$machine',
  validateSearch: readMachinesSearch,
  component: lazyRouteComponent(() => loadPart(() => import('./features/machines/machine-page.tsx')), 'MachinePage'),
});

const baseline = createRoute({
  getParentRoute: () => signedIn,
  path: '/baseline',
  validateSearch: readBaselineSearch,
  component: lazyRouteComponent(() => loadPart(() => import('./features/baseline/baseline-page.tsx')), 'BaselinePage'),
});

const anomalies = createRoute({
  getParentRoute: () => signedIn,
  path: '/anomalies',
  validateSearch: readAnomaliesSearch,
  component: lazyRouteComponent(
    () => loadPart(() => import('./features/anomalies/anomalies-page.tsx')),
    'AnomaliesPage',
  ),
});

const forecast = createRoute({
  getParentRoute: () => signedIn,
  path: '/forecast',
  validateSearch: readForecastSearch,
  component: lazyRouteComponent(() => loadPart(() => import('./features/forecast/forecast-page.tsx')), 'ForecastPage'),
});

const importing = createRoute({
  getParentRoute: () => signedIn,
  path: '/import',
  component: lazyRouteComponent(() => import('./features/import/import-page.tsx'), 'ImportPage'),
});

const system = createRoute({
  getParentRoute: () => signedIn,
  path: '/system',
  validateSearch: readSystemSearch,
  component: lazyRouteComponent(() => loadPart(() => import('./features/system/system-page.tsx')), 'SystemPage'),
});

const routeTree = root.addChildren([
  signIn,
  signedIn.addChildren([
    home,
    now,
    history,
    energy,
    machines,
    machine,
    baseline,
    anomalies,
    forecast,
    importing,
    system,
  ]),
]);

export function createAppRouter(services: AppServices, queryClient: QueryClient) {
  let shownPath: string | null = null;
  // A change of period, filter or tab keeps the scroll position.
  const isOtherPage = (path: string) => {
    const isOther = path !== shownPath;
    shownPath = path;
    return isOther;
  };
  return createRouter({
    routeTree,
    basepath: `${services.location.prefix}/ui`,
    context: { services, queryClient },
    defaultPreload: 'intent',
    defaultErrorComponent: CrashPage,
    defaultPendingComponent: LoadingPage,
    defaultNotFoundComponent: NotFoundPage,
    scrollRestoration: ({ location }) => isOtherPage(location.pathname),
    parseSearch,
    stringifySearch,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
