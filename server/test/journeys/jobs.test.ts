import type { Job, SchedulerStatus } from '@wattkeeper/contract/job.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from './service.ts';

describe('jobs over the API', () => {
  const folder = temporaryFolder();
  let service: Service;
  beforeAll(async () => {
    service = await startService(folder.path);
  });
  afterAll(async () => {
    await service.stop();
    folder.remove();
  });

  const run = (name: string) =>
    service.request(`/api/v1/scheduler/jobs/${name}/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });

  it('lists scheduled jobs with their times', async () => {
    const status = await service.json<SchedulerStatus>('/api/v1/scheduler/status');
    expect(status.state).toBe('running');
    const compaction = status.jobs.find(({ name }) => name === 'day-compaction');
    expect(compaction).toMatchObject({ schedule: '20 * * * *', running: false, consecutive_failures: 0 });
    expect(Date.parse(compaction?.next_run_at ?? '')).toBeGreaterThan(Date.now());
  });

  it('runs a job on request and stores its outcome', async () => {
    const answer = await run('day-compaction');
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as Job;
    await expect.poll(async () => (await service.json<Job>(`/api/v1/jobs/${id}`)).state).toBe('succeeded');
    const ended = await service.json<Job>(`/api/v1/jobs/${id}`);
    expect(ended.result).toEqual({ days: { duckdb: 0 } });
    const listed = await service.json<{ items: Job[] }>('/api/v1/jobs?name=day-compaction');
    expect(listed.items[0]).toEqual(ended);
    const cancel = await service.request(`/api/v1/jobs/${id}`, { method: 'DELETE' });
    expect(cancel.status).toBe(409);
  });

  it('lists the existing jobs in the error for an unknown name', async () => {
    const answer = await run('coffee');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'not_found', detail: expect.stringContaining('day-compaction') });
  });

  it('lets only administrators start by name a job that reads the machine or replaces everything', async () => {
    const init = (body: object) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { token } = await service.json<{ token: string }>(
      '/api/v1/tokens',
      init({ name: 'writer', scopes: ['read', 'write'] }),
    );
    const start = (name: string) => {
      const { headers, ...rest } = init({});
      const as = { ...headers, authorization: `Bearer ${token}` };
      return service.request(`/api/v1/scheduler/jobs/${name}/run`, { ...rest, headers: as });
    };
    expect((await start('day-compaction')).status).toBe(202);
    for (const name of ['migration', 'restore', 'backfill']) expect((await start(name)).status).toBe(403);
  });
});
