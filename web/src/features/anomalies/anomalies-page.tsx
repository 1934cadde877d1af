import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { runJob } from '@wattkeeper/contract/endpoints/jobs.ts';
import { Radar } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { withRange } from '../../data/range-search.ts';
import { useSite } from '../../site-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { SelectField } from '../../ui/controls/field.tsx';
import { RangePicker } from '../../ui/controls/range-picker.tsx';
import { Segmented } from '../../ui/controls/segmented.tsx';
import { EmptyNote, ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { useRange } from '../../ui/hooks/use-range.ts';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { useMayWrite } from '../../use-may-write.ts';
import styles from './anomalies.module.css';
import {
  ANOMALY_DAYS,
  ANOMALY_STATES,
  type AnomaliesSearch,
  type AnomalyState,
  DEFAULT_ANOMALY_DAYS,
  SEVERITIES,
} from './anomalies-search.ts';
import { AnomalyDialog } from './anomaly-dialog.tsx';
import { AnomalyTable } from './anomaly-table.tsx';
import { AnomalyTimeline } from './anomaly-timeline.tsx';
import { ExaminedNote, useExamined } from './examined-note.tsx';

/** The anomalies of machines, loads and sensors. */
export function AnomaliesPage() {
  const text = useText();
  const site = useSite();
  const search = useSearch({ from: '/signed-in/anomalies' });
  const navigate = useNavigate({ from: '/anomalies' });
  const { state = 'all', severity, machine, event } = search;
  const window = useRange(search, DEFAULT_ANOMALY_DAYS);
  const query = useQuery(
    useQueries().anomalies({
      site_id: site.id,
      start: new Date(window.start).toISOString(),
      // The last days include the current hour.
      ...(isPast(search) && { end: new Date(window.end).toISOString() }),
      ...(machine && { machine_id: machine }),
      ...(severity && { severity }),
      ...(state !== 'all' && { active: state === 'open' ? 'true' : 'false' }),
    }),
  );
  const examined = useExamined(window, machine);
  const mayWrite = useMayWrite();
  useLiveAnomalies();
  const open = (id: string | undefined) =>
    void navigate({ search: ({ event: _, ...old }) => (id === undefined ? old : { ...old, event: id }) });
  return (
    <PageBody>
      <PageHead title={text('anomalies.title')}>
        <Filters search={search} window={window} state={state} severity={severity} machine={machine} />
      </PageHead>
      <QueryView query={query} height="24rem">
        {(anomalies) => (
          <>
            <Panel
              title={text('anomalies.timeline')}
              note={anomalies.length === 0 ? text('anomalies.look_note') : text('anomalies.timeline_note')}
              actions={mayWrite ? <LookNow /> : undefined}
            >
              {anomalies.length === 0 ? (
                <EmptyNote
                  title={text(examined?.partly.length === 0 ? 'anomalies.none' : 'anomalies.none_examined')}
                  icon={Radar}
                >
                  {text('anomalies.none_hint')}
                </EmptyNote>
              ) : (
                <AnomalyTimeline anomalies={anomalies} window={window} onOpen={open} />
              )}
              {examined === null || examined.count === 0 ? null : <ExaminedNote {...examined} />}
            </Panel>
            {anomalies.length === 0 ? null : (
              <Panel title={text('anomalies.list')} note={text('anomalies.count', { count: anomalies.length })}>
                <AnomalyTable anomalies={anomalies} onOpen={open} />
              </Panel>
            )}
          </>
        )}
      </QueryView>
      {event ? <AnomalyDialog id={event} onClose={() => open(undefined)} /> : null}
    </PageBody>
  );
}

/** Whether a range is a calendar period or a window, as opposed to the last days. */
function isPast({ unit, from }: AnomaliesSearch): boolean {
  return unit !== undefined || from !== undefined;
}

interface FilterProps {
  readonly search: AnomaliesSearch;
  readonly window: Window;
  readonly state: AnomalyState;
  readonly severity: AnomaliesSearch['severity'] | undefined;
  readonly machine: string | undefined;
}

function Filters({ search, window, state, severity, machine }: FilterProps) {
  const text = useText();
  const site = useSite();
  const navigate = useNavigate({ from: '/anomalies' });
  const devices = useQuery(useQueries().devices(site.id));
  const choose = (key: 'machine' | 'severity', value: string) =>
    void navigate({ search: ({ [key]: _, ...old }) => (value === '' ? old : { ...old, [key]: value }) });
  return (
    <>
      <SelectField
        label={text('anomalies.machine')}
        value={machine ?? ''}
        onChange={({ target }) => choose('machine', target.value)}
      >
        <option value="">{text('anomalies.all_machines')}</option>
        {devices.data?.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={text('anomalies.severity')}
        value={severity ?? ''}
        onChange={({ target }) => choose('severity', target.value)}
      >
        <option value="">{text('anomalies.all_severities')}</option>
        {SEVERITIES.map((one) => (
          <option key={one} value={one}>
            {text(`anomalies.${one}`)}
          </option>
        ))}
      </SelectField>
      <Segmented
        label={text('anomalies.state')}
        options={ANOMALY_STATES.map((value) => ({ value, label: text(`anomalies.${value}`) }))}
        value={state}
        onChange={(value) => void navigate({ search: (old) => ({ ...old, state: value }) })}
      />
      <RangePicker
        range={search}
        window={window}
        days={ANOMALY_DAYS}
        defaultDays={DEFAULT_ANOMALY_DAYS}
        onChange={(range) => void navigate({ search: (old) => withRange(old, range) })}
      />
    </>
  );
}

/** Starts the hourly job immediately. The page shows its anomalies when it ends. */
function LookNow() {
  const text = useText();
  const { api } = useServices();
  const look = useMutation({ mutationFn: () => api.call(runJob, { params: { name: 'anomaly-detection' } }) });
  const job = useQuery({ ...useQueries().job(look.data?.id ?? ''), enabled: look.data !== undefined });
  const isLooking = look.isPending || (look.data !== undefined && !job.data?.finished_at && !job.isError);
  const refresh = useRefresh();
  const isDone = job.data?.finished_at != null;
  useEffect(() => {
    if (isDone) refresh();
  }, [isDone, refresh]);
  return (
    <div className={styles.look}>
      <Button icon={Radar} disabled={isLooking} onClick={() => look.mutate()}>
        {text(isLooking ? 'anomalies.looking' : 'anomalies.look')}
      </Button>
      {look.isError ? <ErrorNote error={look.error} /> : null}
      {job.isError ? <ErrorNote error={job.error} /> : null}
      {job.data?.error ? <p role="alert">{job.data.error}</p> : null}
    </div>
  );
}

function useRefresh(): () => void {
  const queryClient = useQueryClient();
  return useMemo(() => () => void queryClient.invalidateQueries({ queryKey: ['anomalies'] }), [queryClient]);
}

function useLiveAnomalies(): void {
  const { live } = useServices();
  const refresh = useRefresh();
  useEffect(() => live.subscribe(['anomalies'], { event: refresh }), [live, refresh]);
}
