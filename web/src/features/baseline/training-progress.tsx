import { useMutation, useQuery } from '@tanstack/react-query';
import type { BaselineModel } from '@wattkeeper/contract/analytics/baseline.ts';
import { cancelJob } from '@wattkeeper/contract/endpoints/jobs.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import { useEffect, useRef } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { ProgressBar } from '../../ui/feedback/progress.tsx';
import styles from './baseline.module.css';
import { useBaselineRefresh } from './use-baseline-refresh.ts';

interface TrainingProgressProps {
  readonly machineId: string;
  readonly name: string;
  readonly jobId: string;
}

/** Progress of a training, which can be cancelled; then its outcome. */
export function TrainingProgress({ machineId, name, jobId }: TrainingProgressProps) {
  const text = useText();
  const { api } = useServices();
  const refresh = useRef(useBaselineRefresh(machineId));
  const { data: job, error } = useQuery(useQueries().job(jobId));
  const cancel = useMutation({ mutationFn: () => api.call(cancelJob, { params: { id: jobId } }) });
  const succeeded = job?.state === 'succeeded';
  useEffect(() => {
    if (succeeded) void refresh.current();
  }, [succeeded]);
  if (error) {
    return (
      <li>
        <ErrorNote error={error} />
      </li>
    );
  }
  if (job?.finished_at) return <Outcome name={name} job={job} />;
  return (
    <li className={styles.job}>
      <ProgressBar label={text('baseline.progress', { name })} share={job?.progress ?? null} />
      <Button disabled={cancel.isPending} onClick={() => cancel.mutate()}>
        {text('action.cancel')}
      </Button>
      <span className={styles.quiet}>
        {name}: {job?.message ?? text('baseline.waiting')}
      </span>
    </li>
  );
}

function Outcome({ name, job }: { readonly name: string; readonly job: Job }) {
  const text = useText();
  const format = useFormat();
  if (job.state === 'cancelled') return <li className={styles.quiet}>{text('baseline.cancelled', { name })}</li>;
  if (job.state !== 'succeeded') {
    return (
      <li className={styles.failed}>
        <span role="alert">
          {name}: {job.error}
        </span>
      </li>
    );
  }
  const { model_version: version, r_squared: r2, is_active: inUse } = job.result as BaselineModel;
  const use = text(inUse ? 'baseline.in_use' : 'baseline.not_in_use');
  return <li>{text('baseline.trained', { version: String(version), name, r2: format.number(r2, 3), use })}</li>;
}
