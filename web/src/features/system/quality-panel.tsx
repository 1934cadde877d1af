import { useQuery } from '@tanstack/react-query';
import type { QualityFinding, QualityReport } from '@wattkeeper/contract/quality.ts';
import { useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Stat } from '../../ui/figure.tsx';
import { Panel } from '../../ui/panel.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { Table } from '../../ui/table.tsx';
import { RepairDialog } from './repair-dialog.tsx';
import styles from './system.module.css';

/** How good today's data are, what is wrong with them and what to do about it. */
export function QualityPanel() {
  const text = useText();
  return (
    <Panel title={text('system.quality')} note={text('system.quality_note')}>
      <QueryView query={useQuery(useQueries().quality())} height="9rem">
        {(report) => <Report report={report} />}
      </QueryView>
    </Panel>
  );
}

function Report({ report }: { readonly report: QualityReport }) {
  const text = useText();
  const format = useFormat();
  const days = useQuery(useQueries().qualityDays()).data?.days ?? [];
  return (
    <>
      <dl className={styles.stats}>
        <Stat label={text('system.score')} quantity={report.score === null ? '–' : format.number(report.score, 1)} />
        <Stat label={text('system.completeness')} quantity={format.share(report.completeness, 1)} />
        <Stat label={text('system.series')} quantity={format.number(report.series.length)} />
        <Stat label={text('system.findings')} quantity={format.number(report.findings.length)} />
      </dl>
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
            <td className={finding.severity === 'critical' ? styles.failed : undefined}>{finding.detail}</td>
            <td className={styles.quiet}>{finding.advice}</td>
            <td data-numeric>
              {finding.device_id && finding.metric ? (
                <Button onClick={() => setRepairing({ deviceId: finding.device_id!, metric: finding.metric! })}>
                  {text('system.repair_one')}
                </Button>
              ) : null}
            </td>
          </tr>
        ))}
      </Table>
      {repairing ? <RepairDialog series={repairing} onClose={() => setRepairing(null)} /> : null}
    </>
  );
}
