import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AnomalyDetail } from '@wattkeeper/contract/analytics/anomaly.ts';
import { commentAnomaly, labelAnomaly, reopenAnomaly, resolveAnomaly } from '@wattkeeper/contract/endpoints/anomaly.ts';
import { type FormEvent, useMemo } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { ChartLegend } from '../../charts/chart-legend.tsx';
import { alignSeries, type Frame } from '../../charts/frame.ts';
import { intervalOverlay } from '../../charts/overlays.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartSeries } from '../../charts/uplot-options.ts';
import { Button } from '../../ui/controls/button.tsx';
import { AreaField } from '../../ui/controls/field.tsx';
import { Segmented } from '../../ui/controls/segmented.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { useMayWrite } from '../../use-may-write.ts';
import styles from './anomalies.module.css';
import { SeverityMark } from './anomaly-table.tsx';
import { useAnomalyWords } from './anomaly-words.ts';

const CHART_PX = 240;
/** Features with a smaller contribution are omitted. */
const MIN_SHARE = 0.05;

/** One anomaly: measured and expected values, the reasons for its detection, and the users' judgement. */
export function AnomalyDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const text = useText();
  const words = useAnomalyWords();
  const query = useQuery(useQueries().anomaly(id));
  const mayWrite = useMayWrite();
  const title = query.data
    ? text('anomalies.event', { type: words.type(query.data), machine: query.data.machine_name })
    : text('anomalies.title');
  return (
    <Modal open onClose={onClose} title={title} wide {...(query.data && { description: words.span(query.data) })}>
      <QueryView query={query} height="24rem">
        {(anomaly) => (
          <div className={styles.detail}>
            <Figures anomaly={anomaly} />
            <Course anomaly={anomaly} />
            <Reasons anomaly={anomaly} />
            {mayWrite ? <Judgement anomaly={anomaly} /> : null}
            <Said anomaly={anomaly} />
          </div>
        )}
      </QueryView>
    </Modal>
  );
}

interface DetailProps {
  readonly anomaly: AnomalyDetail;
}

function Figures({ anomaly }: DetailProps) {
  const text = useText();
  const format = useFormat();
  const words = useAnomalyWords();
  const { unit, metric_value: value, expected_value: expected, deviation_percent: percent } = anomaly;
  const { extra_energy_kwh: extra, strength, confidence_score: confidence } = anomaly;
  const isStuck = anomaly.anomaly_type === 'stuck_sensor';
  return (
    <Stats>
      <Stat label={text('anomalies.severity')} quantity="" note={<SeverityMark anomaly={anomaly} />} />
      <Stat label={text('anomalies.value')} quantity={words.measured(value, unit)} note={words.metric(anomaly)} />
      {expected === null ? null : (
        <Stat
          label={text('anomalies.expected')}
          quantity={words.measured(expected, unit)}
          note={percent === null ? undefined : `${percent > 0 ? '+' : '−'}${format.number(Math.abs(percent))} %`}
        />
      )}
      {extra === null ? null : <Stat label={text('anomalies.extra')} quantity={format.energy(extra)} />}
      {isStuck ? null : (
        <Stat
          label={text('anomalies.strength')}
          quantity={text('anomalies.sigma', { value: format.number(Math.abs(strength), 1) })}
        />
      )}
      <Stat label={text('anomalies.sure')} quantity={format.share(confidence)} />
    </Stats>
  );
}

function Course({ anomaly }: DetailProps) {
  const text = useText();
  const { series, unit, severity, start, end } = anomaly;
  const frame = useMemo(() => (series === null ? null : frameOf(series)), [series]);
  const overlays = useMemo(
    () => [intervalOverlay([{ start: Date.parse(start), end: Date.parse(end) }], severity)],
    [start, end, severity],
  );
  if (frame === null) return <p className={styles.quiet}>{text('anomalies.chart_none')}</p>;
  const lines: ChartSeries[] = [
    { key: 'expected', label: text('anomalies.band'), colour: 'battery', unit, dashed: true },
    { key: 'actual', label: text('anomalies.actual'), colour: 'load', unit },
  ];
  return (
    <div>
      <ChartLegend series={lines} />
      <TimeChart
        label={text('anomalies.chart')}
        window={{ start: frame.times[0] ?? 0, end: frame.times.at(-1) ?? 1 }}
        frame={frame}
        series={lines}
        height={CHART_PX}
        overlays={overlays}
      />
    </div>
  );
}

function frameOf({ timestamps, value, expected, lower, upper }: NonNullable<AnomalyDetail['series']>): Frame {
  const times = timestamps.map((at) => Date.parse(at));
  const gapMs = Number.POSITIVE_INFINITY;
  return alignSeries([
    { times, values: expected, low: lower, high: upper, gapMs },
    { times, values: value, gapMs },
  ]);
}

function Reasons({ anomaly: { reasons } }: DetailProps) {
  const text = useText();
  const format = useFormat();
  const relevant = reasons.filter(({ share }) => share >= MIN_SHARE);
  if (relevant.length === 0) return null;
  return (
    <section>
      <h3 className={styles.head}>{text('anomalies.why')}</h3>
      <ul className={styles.reasons}>
        {relevant.map(({ feature, share }) => (
          <li key={feature}>
            <span>{text(`anomalies.feature.${feature}`)}</span>
            <span className={styles.share} aria-hidden="true">
              <span style={{ width: `${100 * share}%` }} />
            </span>
            <span className={styles.percent}>{format.share(share).value} %</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Correct or false alarm, resolved or open, with a comment. */
function Judgement({ anomaly: { id, label, is_resolved: isResolved } }: DetailProps) {
  const text = useText();
  const { api } = useServices();
  const queryClient = useQueryClient();
  const onSuccess = () => queryClient.invalidateQueries({ queryKey: ['anomalies'] });
  const judge = useMutation({
    mutationFn: (body: { label: 'right' | 'wrong' }) => api.call(labelAnomaly, { params: { id }, body }),
    onSuccess,
  });
  const say = useMutation({
    mutationFn: ({ action, comment }: { action: 'resolve' | 'reopen' | 'comments'; comment: string }) => {
      if (action === 'comments') return api.call(commentAnomaly, { params: { id }, body: { comment } });
      const change = action === 'resolve' ? resolveAnomaly : reopenAnomaly;
      return api.call(change, { params: { id }, body: comment === '' ? {} : { comment } });
    },
    onSuccess,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const { submitter } = event.nativeEvent as SubmitEvent;
    const action =
      (submitter as HTMLButtonElement | null)?.value === 'comments' ? 'comments' : isResolved ? 'reopen' : 'resolve';
    const comment = String(new FormData(form).get('comment') ?? '').trim();
    if (action === 'comments' && comment === '') return;
    say.mutate({ action, comment }, { onSuccess: () => form.reset() });
  };
  return (
    <section className={styles.judgement}>
      <h3 className={styles.head}>{text('anomalies.judge')}</h3>
      <Segmented
        label={text('anomalies.judge')}
        options={[
          { value: 'right', label: text('anomalies.right') },
          { value: 'wrong', label: text('anomalies.wrong') },
        ]}
        value={label}
        onChange={(value) => judge.mutate({ label: value })}
      />
      <p className={styles.quiet}>{text('anomalies.judge_note')}</p>
      <form onSubmit={submit} className={styles.form}>
        <AreaField label={text('anomalies.comment')} name="comment" rows={2} maxLength={2000} />
        <div className={styles.buttons}>
          <Button type="submit" value="comments" disabled={say.isPending}>
            {text('anomalies.say')}
          </Button>
          <Button type="submit" kind="primary" value="state" disabled={say.isPending}>
            {text(isResolved ? 'anomalies.reopen' : 'anomalies.resolve')}
          </Button>
        </div>
      </form>
      {judge.isError ? <ErrorNote error={judge.error} /> : null}
      {say.isError ? <ErrorNote error={say.error} /> : null}
    </section>
  );
}

function Said({ anomaly: { events } }: DetailProps) {
  const text = useText();
  const format = useFormat();
  if (events.length === 0) return null;
  const words = (kind: string, said: string | null) =>
    kind === 'label' && (said === 'right' || said === 'wrong') ? text(`anomalies.label.${said}`) : said;
  return (
    <section>
      <h3 className={styles.head}>{text('anomalies.history')}</h3>
      <ol className={styles.said}>
        {events.map(({ at, actor, kind, text: said }) => (
          <li key={`${at} ${kind} ${actor}`}>
            <span className={styles.quiet}>
              {format.dateTime(Date.parse(at))} · {actor} {text(`anomalies.kind.${kind}`)}
            </span>
            {said ? <p>{words(kind, said)}</p> : null}
          </li>
        ))}
      </ol>
    </section>
  );
}
