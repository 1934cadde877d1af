import { discardSetAside, listSetAside, retrySetAside } from '@wattkeeper/contract/endpoints/storage.ts';
import type { Api } from '../../../http/api.ts';
import { serve } from '../../../http/serve.ts';
import type { SetAsideService } from './service.ts';

/** `/storage/set-aside`. */
export function setAsideRoutes(api: Api, setAside: SetAsideService): void {
  serve(api, listSetAside, ({ query }) => setAside.page(query));
  serve(api, retrySetAside, ({ params }) => setAside.retry(params.store));
  serve(api, discardSetAside, async ({ params }) => {
    await setAside.discard(params.store);
  });
}
