import { useQuery } from '@tanstack/react-query';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { CounterEvent, QualityFinding, QualityReport } from '@wattkeeper/contract/storage/quality.ts';
import { useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { dayOf } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { TextField } from '../../ui/controls/field.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { useNow } from '../../ui/hooks/use-now.ts';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Sparkline } from '../../ui/layout/sparkline.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { CounterDecisionDialog, type DoubtfulEvent } from './counter-decision-dialog.tsx';
import { RepairDialog } from './repair-dialog.tsx';
import styles from './system.module.css';

/** Data quality of a day: score, findings and advice. */
export function QualityPanel() {
  const text = useText();
  const site = useSite();
  const today = dayOf(useNow(MINUTE_MS), site.timezone);
  const [date, setDate] = useState<string>();
  const day = date === undefined || date > today ? today : date;
  return (
    <Panel
      title={text('system.quality')}
      note={text('system.quality_note')}
      actions={
        <TextField
          label={text('system.quality_day')}
          type="date"
          max={today}
          value={day}
          onChange={(event) => setDate(event.target.value || undefined)}
        />
      }
    >
      <QueryView query={useQuery(useQueries().quality(site.id, day))} height="9rem">
        {(report) => <Report report={report} />}
      </QueryView>
    </Panel>
  );
}

function Report({ report }: { readonly report: QualityReport }) {
  const text = useText();
  const format = useFormat();
  const days = useQuery(useQueries().qualityDays(report.site_id)).data?.days ?? [];
  return (
    <>
      <Stats>
        <Stat label={text('system.score')} quantity={report.score === null ? '–' : format.number(report.score, 1)} />
        <Stat label={text('system.completeness')} quantity={format.share(report.completeness, 1)} />
        <Stat label={text('system.series')} quantity={format.number(report.series.length)} />
        <Stat label={text('system.findings')} quantity={format.number(report.findings.length)} />
      </Stats>
      {days.length > 1 ? (
        <div className={styles.course}>
          <Sparkline values={days.map(({ score }) => score ?? 0)} label={text('system.quality_chart')} />
        </div>
      ) : null}
      {report.findings.length === 0 ? (
        <p className={styles.quiet}>{text('system.no_findings')}</p>
      ) : (
        <FindingTable findings={report.findings} />
      )}
    </>
  );
}

function FindingTable({ findings }: { readonly findings: readonly QualityFinding[] }) {
  const text = useText();
  const isAdmin = useQuery(useQueries().me()).data?.scopes.includes('admin') ?? false;
  const [deciding, setDeciding] = useState<DoubtfulEvent | null>(null);
  const [repairing, setRepairing] = useState<{ deviceId: string; metric: string } | null>(null);
  return (
    <>
      <Table
        caption={text('system.findings')}
        head={[text('system.series_one'), text('system.finding'), text('system.advice'), '']}
        maxHeight="24rem"
      >
        {findings.map((finding) => (
          <tr key={`${finding.code} ${finding.device_id} ${finding.metric} ${finding.detail}`}>
            <th scope="row">
              {finding.device_name ?? text('system.site')}
              {finding.metric ? <div className={styles.quiet}>{finding.metric}</div> : null}
            </th>
            <td>
              <span className={finding.severity === 'critical' ? styles.failed : undefined}>
                {text(`finding.${finding.code}`)}
              </span>
              <div className={styles.quiet}>{finding.detail}</div>
            </td>
            <td className={styles.quiet}>{finding.advice}</td>
            <td data-numeric>
              {finding.counter_event && isAdmin ? (
                <Button onClick={() => setDeciding(doubtOf(finding, finding.counter_event!))}>
                  {text('system.decide_one')}
                </Button>
              ) : null}
              {finding.device_id && finding.metric ? (
                <Button onClick={() => setRepairing({ deviceId: finding.device_id!, metric: finding.metric! })}>
                  {text('system.repair_one')}
                </Button>
              ) : null}
            </td>
          </tr>
        ))}
      </Table>
      {deciding ? <CounterDecisionDialog of={deciding} onClose={() => setDeciding(null)} /> : null}
      {repairing ? <RepairDialog series={repairing} onClose={() => setRepairing(null)} /> : null}
    </>
  );
}

function doubtOf({ device_id, device_name, metric }: QualityFinding, event: CounterEvent): DoubtfulEvent {
  return { deviceId: device_id!, deviceName: device_name!, metric: metric!, event };
}
