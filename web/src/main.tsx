import './ui/base.css';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { ApiProblem } from '@wattkeeper/contract/api-problem.ts';
import { ApiClient } from '@wattkeeper/contract/client.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { type AppServices, ServicesContext } from './app-context.tsx';
import { LiveClient } from './data/live.ts';
import { serverLocation } from './data/location.ts';
import { PreferenceStore } from './data/preferences.ts';
import { isSignedOut } from './data/problem.ts';
import { createQueries } from './data/queries.ts';
import { LanguageProvider } from './language.tsx';
import { createAppRouter } from './router.tsx';

const MAX_RETRIES = 2;

const location = serverLocation(document.baseURI);
const api = new ApiClient(`${location.origin}${location.prefix}`);
const services: AppServices = {
  location,
  api,
  queries: createQueries(api),
  live: new LiveClient({ url: location.streamUrl, onSignedOut: signInAgain }),
  preferences: new PreferenceStore(localStorageOrNone(), navigator.languages),
};
const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => (isSignedOut(error) ? signInAgain() : undefined) }),
  defaultOptions: {
    queries: {
      // The server may run on this machine, so it can be reachable while the browser is offline.
      networkMode: 'always',
      retry: (count, error) => error instanceof ApiProblem && error.temporary && count < MAX_RETRIES,
    },
    mutations: { networkMode: 'always' },
  },
});
const router = createAppRouter(services, queryClient);
addEventListener('online', () => services.live.retryNow());

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <ServicesContext value={services}>
      <LanguageProvider>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </LanguageProvider>
    </ServicesContext>
  </StrictMode>,
);

/** After the end of a session: sign in, then return to the page. */
function signInAgain(): void {
  const { pathname, searchStr } = router.state.location;
  if (pathname === '/sign-in') return;
  void router.navigate({ to: '/sign-in', search: { next: `${pathname}${searchStr}` } });
}

function localStorageOrNone(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
