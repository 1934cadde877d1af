import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ImportPreview } from '@wattkeeper/contract/import.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { useId } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { metricText } from '../../messages/known-text.ts';
import { ErrorNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { Skeleton } from '../../ui/feedback/skeleton.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { useMetrics } from '../../use-metrics.ts';
import styles from './import.module.css';
import type { ColumnDraft, ImportDraft } from './import-draft.ts';

interface PreviewPanelProps {
  readonly uploadId: string;
  readonly mapping: string;
  readonly columns: readonly ColumnDraft[];
  readonly onChange: (part: Partial<ImportDraft>) => void;
}

/** The columns with their targets, and the first rows as they will be stored. */
export function PreviewPanel({ uploadId, mapping, columns, onChange }: PreviewPanelProps) {
  const text = useText();
  const query = useQuery({ ...useQueries().importPreview(uploadId, mapping), placeholderData: keepPreviousData });
  const note = query.data ? text('import.preview_note', { zone: query.data.timezone }) : undefined;
  return (
    <Panel title={text('import.preview')} note={note}>
      {columns.length > 0 ? <Columns columns={columns} onChange={(next) => onChange({ columns: next })} /> : null}
      {query.isError ? <ErrorNote error={query.error} /> : null}
      {query.isPending ? <Skeleton height="12rem" /> : null}
      {query.data && !query.isError ? <Rows preview={query.data} /> : null}
    </Panel>
  );
}

interface ColumnsProps {
  readonly columns: readonly ColumnDraft[];
  readonly onChange: (columns: readonly ColumnDraft[]) => void;
}

function Columns({ columns, onChange }: ColumnsProps) {
  const text = useText();
  const list = useId();
  const metrics = useMetrics() ?? [];
  const change = (name: string, part: Partial<ColumnDraft>) =>
    onChange(columns.map((column) => (column.name === name ? { ...column, ...part } : column)));
  return (
    <>
      <datalist id={list}>
        {metrics.map(({ name, label }) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </datalist>
      <Table
        caption={text('import.columns')}
        head={[text('import.use'), text('import.column'), text('import.metric'), text('import.unit')]}
        maxHeight="20rem"
      >
        {columns.map(({ name, metric, unit, isUsed }) => (
          <tr key={name}>
            <td>
              <input
                type="checkbox"
                aria-label={text('import.use_of', { name })}
                checked={isUsed}
                onChange={() => change(name, { isUsed: !isUsed })}
              />
            </td>
            <th scope="row">{name}</th>
            <td>
              <input
                className={styles.input}
                aria-label={text('import.metric_of', { name })}
                list={list}
                value={metric}
                disabled={!isUsed}
                onChange={({ target }) => change(name, { metric: target.value })}
              />
            </td>
            <td>
              <input
                className={`${styles.input} ${styles.unit}`}
                aria-label={text('import.unit_of', { name })}
                value={unit}
                disabled={!isUsed}
                onChange={({ target }) => change(name, { unit: target.value })}
              />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function Rows({ preview }: { readonly preview: ImportPreview }) {
  const text = useText();
  const format = useFormat();
  const { series, rows, problems } = preview;
  return (
    <>
      {problems.map(({ position, detail }) => (
        <WarningLine key={`${position} ${detail}`}>
          {text('import.line', { position: String(position), detail })}
        </WarningLine>
      ))}
      {rows.length === 0 ? (
        <p>{text('import.no_rows')}</p>
      ) : (
        <div className={styles.preview}>
          <Table
            caption={text('import.preview')}
            head={[
              text('import.time'),
              ...series.map(({ device, metric, label, unit, known }) => ({
                label: `${known ? metricText(text, metric, label) : `${metric} (${text('import.unknown')})`} · ${device}${unit ? ` [${unit}]` : ''}`,
                numeric: true,
              })),
            ]}
            maxHeight="24rem"
          >
            {rows.map((row) => (
              <tr key={`${row.timestamp} ${row.device}`}>
                <th scope="row" data-nowrap>
                  {row.local_time.replace('T', ' ')}
                </th>
                {series.map(({ device, metric }) => {
                  const value = device === row.device ? ownValue(row.values, metric) : undefined;
                  return (
                    <td key={`${device} ${metric}`} data-numeric>
                      {value === undefined ? '' : format.figure(value)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </Table>
        </div>
      )}
    </>
  );
}
