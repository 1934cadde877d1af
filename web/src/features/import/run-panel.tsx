import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { runImport } from '@wattkeeper/contract/endpoints/imports.ts';
import { cancelJob } from '@wattkeeper/contract/endpoints/jobs.ts';
import type { ImportResult, ImportUpload } from '@wattkeeper/contract/import.ts';
import { Upload } from 'lucide-react';
import { useEffect } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { ProgressBar } from '../../ui/feedback/progress.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import styles from './import.module.css';
import { Result } from './result.tsx';

interface RunPanelProps {
  readonly upload: ImportUpload;
  readonly mapping: string;
}

interface Run {
  readonly isDry: boolean;
  readonly force?: boolean;
}

/** Dry run and import as jobs with progress and outcome. */
export function RunPanel({ upload, mapping }: RunPanelProps) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const run = useMutation({
    mutationFn: ({ isDry, force = false }: Run) =>
      api.call(runImport, { params: { id: upload.id }, body: { mapping, dry_run: isDry, force } }),
  });
  const cancel = useMutation({ mutationFn: (id: string) => api.call(cancelJob, { params: { id } }) });
  const { data: job, error } = useQuery({ ...useQueries().job(run.data?.id ?? ''), enabled: run.data !== undefined });
  const isDone = job?.state === 'succeeded' && run.variables?.isDry === false;
  useEffect(() => {
    // New sites, devices and readings make every cached query stale.
    if (isDone) void cache.invalidateQueries();
  }, [isDone, cache]);
  const isRunning = run.isPending || (run.data !== undefined && !job?.finished_at && !error);
  const { name } = upload;
  return (
    <Panel title={text('import.run')} note={text('import.run_note')}>
      <div className={styles.actions}>
        <Button disabled={isRunning} onClick={() => run.mutate({ isDry: true })}>
          {text('import.dry_run')}
        </Button>
        <Button icon={Upload} kind="primary" disabled={isRunning} onClick={() => run.mutate({ isDry: false })}>
          {text('import.start')}
        </Button>
      </div>
      {isRunning ? (
        <div className={styles.progress}>
          <ProgressBar
            label={text(run.variables?.isDry ? 'import.dry_progress' : 'import.progress', { name })}
            share={job?.progress ?? null}
          />
          {job ? <Button onClick={() => cancel.mutate(job.id)}>{text('action.cancel')}</Button> : null}
        </div>
      ) : null}
      {run.isError || error ? <ErrorNote error={run.error ?? error} /> : null}
      {job?.state === 'failed' ? <ErrorNote error={new Error(job.error ?? '')} /> : null}
      {job?.state === 'cancelled' ? <p role="status">{text('import.cancelled')}</p> : null}
      {job?.state === 'succeeded' ? (
        <Result
          result={job.result as ImportResult}
          onForce={() => run.mutate({ isDry: run.variables?.isDry ?? true, force: true })}
        />
      ) : null}
    </Panel>
  );
}
