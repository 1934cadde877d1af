import { useQueries as useManyQueries, useQuery } from '@tanstack/react-query';
import type { CustomKpi, CustomKpiValue } from '@wattkeeper/contract/analytics/custom-kpi.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { Pencil, Plus, Trash2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { loadPart } from '../../load-part.ts';
import { useSite } from '../../site-context.tsx';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { EmptyNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { useMayWrite } from '../../use-may-write.ts';
import styles from './custom-kpi.module.css';
import { RemoveKpiDialog } from './remove-kpi-dialog.tsx';

const CustomKpiDialog = lazy(async () => ({
  default: (await loadPart(() => import('./custom-kpi-dialog.tsx'))).CustomKpiDialog,
}));

interface CustomKpiPanelProps {
  readonly machines: readonly Device[];
  readonly window: Window;
}

/** Custom key figures: their values per machine, and their definitions. */
export function CustomKpiPanel({ machines, window }: CustomKpiPanelProps) {
  const text = useText();
  const site = useSite();
  const queries = useQueries();
  const kpis = useQuery(queries.customKpis());
  const mayWrite = useMayWrite();
  const [editing, setEditing] = useState<CustomKpi | 'new' | null>(null);
  const [removing, setRemoving] = useState<CustomKpi | null>(null);
  return (
    <Panel
      title={text('kpi.title')}
      note={text('kpi.note')}
      actions={
        mayWrite ? (
          <Button icon={Plus} onClick={() => setEditing('new')}>
            {text('kpi.new')}
          </Button>
        ) : null
      }
    >
      <QueryView query={kpis} height="8rem">
        {(all) => {
          const here = all.filter(({ site_id }) => site_id === null || site_id === site.id);
          if (here.length === 0) return <EmptyNote title={text('kpi.none')}>{text('kpi.none_hint')}</EmptyNote>;
          return (
            <>
              <ValueTable kpis={here} machines={machines} window={window} />
              <DefinitionTable kpis={here} {...(mayWrite && { onEdit: setEditing, onRemove: setRemoving })} />
            </>
          );
        }}
      </QueryView>
      {removing ? <RemoveKpiDialog kpi={removing} onClose={() => setRemoving(null)} /> : null}
      {editing ? (
        <Suspense>
          <CustomKpiDialog
            kpi={editing === 'new' ? null : editing}
            machines={machines}
            window={window}
            onClose={() => setEditing(null)}
          />
        </Suspense>
      ) : null}
    </Panel>
  );
}

interface ValueTableProps extends CustomKpiPanelProps {
  readonly kpis: readonly CustomKpi[];
}

/** One row per machine, one column per key figure. */
function ValueTable({ kpis, machines, window }: ValueTableProps) {
  const text = useText();
  const queries = useQueries();
  const answers = useManyQueries({ queries: machines.map(({ id }) => queries.customKpiValues(id, window)) });
  const failed = answers.find(({ error }) => error !== null)?.error;
  return (
    <div className={styles.values}>
      {failed ? <WarningLine>{failed.message}</WarningLine> : null}
      <Table
        caption={text('kpi.values')}
        head={[text('machines.machine'), ...kpis.map(({ name }) => ({ label: name, numeric: true }))]}
      >
        {machines.map((machine, m) => (
          <tr key={machine.id}>
            <th scope="row">{machine.name}</th>
            {kpis.map(({ id }) => (
              <ValueCell key={id} answer={answers[m]?.data?.find((value) => value.id === id)} />
            ))}
          </tr>
        ))}
      </Table>
    </div>
  );
}

function ValueCell({ answer }: { readonly answer: CustomKpiValue | undefined }) {
  const format = useFormat();
  const { value = null, unit = null, reason = null, warnings = [] } = answer ?? {};
  return (
    <td data-numeric title={reason ?? (warnings.join('; ') || undefined)}>
      {value === null ? '–' : [format.figure(value), unit].filter(Boolean).join(' ')}
    </td>
  );
}

interface DefinitionTableProps {
  readonly kpis: readonly CustomKpi[];
  readonly onEdit?: (kpi: CustomKpi) => void;
  readonly onRemove?: (kpi: CustomKpi) => void;
}

function DefinitionTable({ kpis, onEdit, onRemove }: DefinitionTableProps) {
  const text = useText();
  const head = [text('kpi.name'), text('kpi.expression'), text('kpi.unit'), ...(onEdit ? [text('kpi.actions')] : [])];
  return (
    <Table caption={text('kpi.definitions')} head={head}>
      {kpis.map((kpi) => (
        <tr key={kpi.id}>
          <th scope="row">
            {kpi.name}
            {kpi.description ? <span className={styles.description}>{kpi.description}</span> : null}
          </th>
          <td>
            <code className={styles.expression}>{kpi.expression}</code>
            {kpi.problem ? <WarningLine>{kpi.problem}</WarningLine> : null}
          </td>
          <td data-nowrap>{kpi.result_unit || (kpi.problem ? '–' : text('kpi.no_unit'))}</td>
          {onEdit && onRemove ? (
            <td className={styles.actions}>
              <IconButton icon={Pencil} label={text('kpi.edit', { name: kpi.name })} onClick={() => onEdit(kpi)} />
              <IconButton
                icon={Trash2}
                label={text('kpi.remove_label', { name: kpi.name })}
                onClick={() => onRemove(kpi)}
              />
            </td>
          ) : null}
        </tr>
      ))}
    </Table>
  );
}
