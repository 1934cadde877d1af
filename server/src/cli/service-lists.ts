import { pageOf } from '@wattkeeper/contract/common.ts';
import type { z } from 'zod';
import { callService, type RunningService } from './service-jobs.ts';

/** Every entry of a list of a running service. */
export async function listOfService<T extends z.ZodType>(
  service: RunningService,
  path: string,
  item: T,
): Promise<z.infer<T>[]> {
  const items: z.infer<T>[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const page = pageOf(item).parse(await callService(service, 'GET', path + query));
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}
