import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { MigrationReport } from '@wattkeeper/contract/storage/migration.ts';
import { useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { Button, buttonClass } from '../../ui/controls/button.tsx';
import { ProgressBar } from '../../ui/feedback/progress.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { MigrationDialog } from './migration-dialog.tsx';
import { MigrationCounts } from './migration-report.tsx';
import styles from './system.module.css';

/** Migration from older installations and other programs, with the last outcome. */
export function MigrationPanel() {
  const text = useText();
  const [open, setOpen] = useState(false);
  return (
    <Panel
      title={text('system.migration')}
      note={text('system.migration_note')}
      actions={
        <>
          <Link to="/import" className={buttonClass('plain')}>
            {text('import.title')}
          </Link>
          <Button onClick={() => setOpen(true)}>{text('system.migration_new')}</Button>
        </>
      }
    >
      <QueryView query={useQuery(useQueries().lastMigration())} height="4rem">
        {([job]) =>
          job === undefined ? (
            <p className={styles.quiet}>{text('system.no_migration')}</p>
          ) : (
            <LastMigration job={job} />
          )
        }
      </QueryView>
      {open ? <MigrationDialog onClose={() => setOpen(false)} /> : null}
    </Panel>
  );
}

function LastMigration({ job }: { readonly job: Job }) {
  const text = useText();
  const format = useFormat();
  if (job.finished_at === null) {
    return (
      <>
        <ProgressBar label={text('system.migration')} share={job.progress} />
        <p className={styles.quiet}>{job.message}</p>
      </>
    );
  }
  const report = job.state === 'succeeded' ? (job.result as MigrationReport) : null;
  return (
    <>
      <p className={report ? undefined : styles.failed}>
        {format.dateTime(Date.parse(job.finished_at))}
        {report ? ` · ${text(`system.migration_${report.source}`)} · ${report.from}` : ` · ${job.error}`}
      </p>
      {report ? <MigrationCounts report={report} /> : null}
    </>
  );
}
