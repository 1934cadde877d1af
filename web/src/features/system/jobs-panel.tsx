import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { cancelJob, runJob } from '@wattkeeper/contract/endpoints/jobs.ts';
import type { Job, ScheduledJob } from '@wattkeeper/contract/job.ts';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { knownText } from '../../messages/known-text.ts';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { ProgressBar } from '../../ui/feedback/progress.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './system.module.css';

/** Scheduled jobs: last runs, outcomes, and a button to run a job for users with permission. */
export function JobsPanel() {
  const text = useText();
  return (
    <Panel title={text('system.jobs')} note={text('system.jobs_note')}>
      <QueryView query={useQuery(useQueries().scheduler())} height="16rem">
        {({ jobs }) => <JobTable jobs={jobs} />}
      </QueryView>
    </Panel>
  );
}

function JobTable({ jobs }: { readonly jobs: readonly ScheduledJob[] }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const refresh = useJobRefresh();
  const run = useMutation({
    mutationFn: (name: string) => api.call(runJob, { params: { name }, body: {} }),
    onSuccess: refresh,
  });
  const cancel = useMutation({
    mutationFn: (id: string) => api.call(cancelJob, { params: { id } }),
    onSuccess: refresh,
  });
  const own = useQuery(useQueries().me()).data?.scopes ?? [];
  const head = [text('system.job'), text('system.last_run'), text('system.next_run'), ''];
  const at = (instant: string | null) => (instant === null ? '–' : format.dateTime(Date.parse(instant)));
  return (
    <>
      {run.isError ? <ErrorNote error={run.error} /> : null}
      <Table caption={text('system.jobs')} head={head}>
        {jobs.map((job) => (
          <tr key={job.name}>
            <th scope="row">
              {knownText(text, 'job', job.name, job.title)}
              <div className={`${styles.quiet} ${styles.description}`}>
                {knownText(text, 'job', `${job.name}.text`, job.description)}
              </div>
            </th>
            <td>
              <LastRun job={job} />
            </td>
            <td>{job.schedule === null ? text('system.on_demand') : at(job.retry_at ?? job.next_run_at)}</td>
            <td data-numeric>
              {!own.includes(job.scope) ? null : job.running && job.last_run ? (
                <Button onClick={() => cancel.mutate((job.last_run as Job).id)}>{text('action.cancel')}</Button>
              ) : job.schedule === null ? null : (
                <Button disabled={run.isPending} onClick={() => run.mutate(job.name)}>
                  {text('system.run_now')}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function LastRun({ job }: { readonly job: ScheduledJob }) {
  const text = useText();
  const format = useFormat();
  const { last_run: run } = job;
  if (run === null) return <span className={styles.quiet}>{text('system.never')}</span>;
  if (run.finished_at === null) {
    return (
      <>
        <ProgressBar label={knownText(text, 'job', job.name, job.title)} share={run.progress} />
        {run.message ? <span className={styles.quiet}>{run.message}</span> : null}
      </>
    );
  }
  return (
    <>
      {format.dateTime(Date.parse(run.finished_at))}
      <div className={run.state === 'failed' ? styles.failed : styles.quiet}>
        {run.error ?? text(`system.job_${run.state}`)}
      </div>
    </>
  );
}

/** Refetches jobs and backups after a job was started. */
export function useJobRefresh(): () => Promise<unknown> {
  const cache = useQueryClient();
  return () => Promise.all(['scheduler', 'backups'].map((key) => cache.invalidateQueries({ queryKey: [key] })));
}
