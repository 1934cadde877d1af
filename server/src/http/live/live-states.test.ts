import type { Health } from '@wattkeeper/contract/service.ts';
import { expect, test } from 'vitest';
import { LiveStates } from './live-states.ts';

test('a new subscriber receives the health and the active anomalies; the health is published when it changes in more than its clock', async () => {
  let uptime = 0;
  let status: Health['status'] = 'healthy';
  let fails = false;
  const published: unknown[] = [];
  const errors: unknown[] = [];
  const states = new LiveStates({
    health: async () => {
      if (fails) throw new Error('the records are down');
      return {
        status,
        uptime_s: uptime++,
        stores: [],
        warnings: [],
        history: { status: 'complete' },
      } as unknown as Health;
    },
    anomalies: async () => ({ anomalies: [{ id: 'a' }] }),
    publish: (topic, data) => published.push([topic, data]),
    onError: (error) => errors.push(error),
  });
  await expect.poll(() => states.snapshot('health')).toMatchObject({ status: 'healthy' });
  expect(states.snapshot('anomalies')).toEqual({ anomalies: [{ id: 'a' }] });
  expect(states.snapshot('devices')).toBeNull();
  await states.refresh();
  expect(published).toEqual([]);
  status = 'degraded';
  await states.refresh();
  expect(published).toEqual([['health', expect.objectContaining({ status: 'degraded' })]]);
  fails = true;
  await states.refresh();
  expect([errors.length, states.snapshot('health')]).toEqual([1, expect.objectContaining({ status: 'degraded' })]);
  states.close();
});
