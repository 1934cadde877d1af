import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { putLayout } from '@wattkeeper/contract/endpoints/settings.ts';
import { useServices } from '../../app-context.tsx';
import { type NowLayout, readLayout } from './layout.ts';

const NAME = 'now';

/** The user's layout of Now, stored on the server; a change is shown immediately and reverted if it cannot be stored. */
export function useLayout() {
  const { api, queries } = useServices();
  const queryClient = useQueryClient();
  const options = queries.layout(NAME);
  const query = useQuery(options);
  const save = useMutation({
    mutationFn: (layout: NowLayout) => api.call(putLayout, { params: { name: NAME }, body: { layout } }),
    onMutate: (layout) => {
      const before = queryClient.getQueryData(options.queryKey);
      queryClient.setQueryData(options.queryKey, { layout });
      return before;
    },
    onError: (_error, _layout, before) => queryClient.setQueryData(options.queryKey, before),
  });
  return { layout: readLayout(query.data?.layout), save };
}
