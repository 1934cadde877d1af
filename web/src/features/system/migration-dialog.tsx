import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { migrate } from '@wattkeeper/contract/endpoints/storage.ts';
import type { MigrationReport, MigrationSourceName } from '@wattkeeper/contract/storage/migration.ts';
import { useState } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { AreaField, SelectField, TextField } from '../../ui/controls/field.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { ErrorNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { ProgressBar } from '../../ui/feedback/progress.tsx';
import { MigrationReportView } from './migration-report.tsx';
import styles from './system.module.css';

const SOURCES = ['records', 'sessions', 'influxdb', 'home-assistant'] as const satisfies readonly MigrationSourceName[];

interface Draft {
  readonly source: MigrationSourceName;
  readonly from: string;
  readonly device: string;
  /** Empty: the proposed value. */
  readonly mapping: string;
}

/** Migrates older data: source, preview, run. */
export function MigrationDialog({ onClose }: { readonly onClose: () => void }) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const [draft, setDraft] = useState<Draft>({ source: 'records', from: '', device: '', mapping: '' });
  const start = useMutation({
    mutationFn: (dryRun: boolean) => api.call(migrate, { body: { ...requestOf(draft), dry_run: dryRun } }),
    onSuccess: () => Promise.all(['scheduler', 'migration'].map((key) => cache.invalidateQueries({ queryKey: [key] }))),
  });
  const { data: job } = useQuery({ ...useQueries().job(start.data?.id ?? ''), enabled: start.data !== undefined });
  const report = job?.state === 'succeeded' ? (job.result as MigrationReport) : null;
  const isRunning = start.isPending || (start.data !== undefined && !job?.finished_at);
  const change = (part: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...part }));
    start.reset();
  };
  return (
    <Modal
      open
      wide
      onClose={onClose}
      title={text('system.migration_new')}
      description={text('system.migration_how')}
      footer={
        <>
          <Button onClick={onClose}>{text(report && !report.dry_run ? 'action.close' : 'action.cancel')}</Button>
          {report?.dry_run ? (
            <Button kind="primary" disabled={isRunning} onClick={() => start.mutate(false)}>
              {text('system.migration_do')}
            </Button>
          ) : (
            <Button kind="primary" disabled={isRunning || draft.from.trim() === ''} onClick={() => start.mutate(true)}>
              {text('system.migration_preview')}
            </Button>
          )}
        </>
      }
    >
      <Fields draft={draft} onChange={change} proposal={report?.mapping ?? null} />
      {start.isError ? <ErrorNote error={start.error} /> : null}
      {isRunning ? (
        <>
          <ProgressBar label={text('system.migration')} share={job?.progress ?? null} />
          <p className={styles.quiet}>{job?.message}</p>
        </>
      ) : null}
      {job?.state === 'failed' ? <WarningLine>{job.error ?? ''}</WarningLine> : null}
      {report ? <MigrationReportView report={report} /> : null}
    </Modal>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly onChange: (part: Partial<Draft>) => void;
  /** The mapping of the preview. */
  readonly proposal: string | null;
}

function Fields({ draft, onChange, proposal }: FieldsProps) {
  const text = useText();
  const { source, from, device, mapping } = draft;
  return (
    <div className={styles.form}>
      <div className={styles.field}>
        <SelectField
          label={text('system.migration_source')}
          value={source}
          onChange={(event) => onChange({ source: event.target.value as MigrationSourceName, mapping: '' })}
        >
          {SOURCES.map((name) => (
            <option key={name} value={name}>
              {text(`system.migration_${name}`)}
            </option>
          ))}
        </SelectField>
      </div>
      <div className={styles.field}>
        <TextField
          label={text('system.migration_from')}
          hint={source === 'influxdb' ? undefined : text('system.migration_from_hint')}
          placeholder={source === 'influxdb' ? 'http://localhost:8086/home' : ''}
          value={from}
          maxLength={4096}
          onChange={(event) => onChange({ from: event.target.value })}
        />
      </div>
      {source === 'influxdb' ? null : (
        <div className={styles.field}>
          <TextField
            label={text('system.migration_device')}
            value={device}
            maxLength={200}
            onChange={(event) => onChange({ device: event.target.value })}
          />
        </div>
      )}
      {proposal !== null || mapping !== '' ? (
        <div className={styles.whole}>
          <AreaField
            label={text('system.migration_mapping')}
            rows={8}
            value={mapping === '' ? (proposal ?? '') : mapping}
            onChange={(event) => onChange({ mapping: event.target.value })}
          />
        </div>
      ) : null}
    </div>
  );
}

/** A mapping names the devices, so that a separate device name would contradict it. */
function requestOf({ source, from, device, mapping }: Draft) {
  const isNamed = device.trim() !== '' && source !== 'influxdb' && (mapping === '' || source === 'records');
  return {
    source,
    from: from.trim(),
    ...(isNamed && { device: device.trim() }),
    ...(mapping !== '' && { mapping }),
  };
}
