import { useQuery } from '@tanstack/react-query';
import { type CustomKpiPreview, MAX_EXPRESSION_LENGTH } from '@wattkeeper/contract/analytics/custom-kpi.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { type ReactNode, useRef } from 'react';
import { useQueries, useText } from '../../app-context.tsx';
import { useSite } from '../../site-context.tsx';
import { AreaField, SelectField } from '../../ui/controls/field.tsx';
import { useMetrics } from '../../use-metrics.ts';
import styles from './custom-kpi.module.css';
import { KPI_PIECES, pieceOf, withPiece } from './expression-pieces.ts';

interface ExpressionFieldProps {
  readonly value: string;
  readonly onChange: (expression: string) => void;
  /** The machine whose metrics are offered. */
  readonly machine: Device | undefined;
  /** Error of the current value. */
  readonly wrong: CustomKpiPreview['error'];
  readonly missing: string | undefined;
  /** Shown next to the insertable elements. */
  readonly children: ReactNode;
}

/** An expression with its error marked, and the elements that can be inserted. */
export function ExpressionField({ value, onChange, machine, wrong, missing, children }: ExpressionFieldProps) {
  const text = useText();
  const area = useRef<HTMLTextAreaElement>(null);
  const column = wrong?.column ?? null;
  const error = wrong ? text('kpi.column', { column: String(column), detail: wrong.detail }) : missing;
  const insert = (piece: string) => {
    const { selectionStart: start = value.length, selectionEnd: end = value.length } = area.current ?? {};
    onChange(withPiece(value, piece, { start, end }));
    area.current?.focus();
  };
  return (
    <div className={styles.form}>
      <AreaField
        ref={area}
        rows={3}
        label={text('kpi.expression')}
        hint={text('kpi.expression_hint')}
        error={error}
        value={value}
        maxLength={MAX_EXPRESSION_LENGTH}
        onChange={(event) => onChange(event.target.value)}
      />
      {column === null ? null : <Place value={value} at={column - 1} />}
      <div className={styles.row}>
        {children}
        <InsertField machine={machine} onInsert={insert} />
      </div>
    </div>
  );
}

/** By code points, so that surrogate pairs are not split. */
function Place({ value, at }: { readonly value: string; readonly at: number }) {
  const sign = String.fromCodePoint(value.codePointAt(at) ?? 0x2423);
  return (
    <pre className={styles.place} aria-hidden="true">
      {value.slice(0, at)}
      <mark>{sign.trim() === '' ? '␣' : sign}</mark>
      {value.slice(at + sign.length)}
    </pre>
  );
}

interface InsertFieldProps {
  readonly machine: Device | undefined;
  readonly onInsert: (piece: string) => void;
}

function InsertField({ machine, onInsert }: InsertFieldProps) {
  const text = useText();
  const queries = useQueries();
  const latest = useQuery(queries.latest(useSite().id)).data?.items ?? [];
  const catalogue = useMetrics() ?? [];
  const names = Object.keys(latest.find(({ device_id }) => device_id === machine?.id)?.values ?? {});
  const readings = names.toSorted().map((name) =>
    pieceOf(
      name,
      catalogue.find((metric) => metric.name === name),
    ),
  );
  const options = (pieces: readonly string[]) => pieces.map((piece) => <option key={piece}>{piece}</option>);
  return (
    <SelectField label={text('kpi.insert')} value="" onChange={(event) => onInsert(event.target.value)}>
      <option value="">{text('kpi.choose')}</option>
      <optgroup label={text('kpi.built_in')}>{options([...KPI_PIECES, 'hours()'])}</optgroup>
      {machine && readings.length > 0 ? (
        <optgroup label={text('kpi.readings', { machine: machine.name })}>{options(readings)}</optgroup>
      ) : null}
    </SelectField>
  );
}
