import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { CustomKpi, CustomKpiPreview } from '@wattkeeper/contract/analytics/custom-kpi.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { changeCustomKpi, createCustomKpi } from '@wattkeeper/contract/endpoints/kpi.ts';
import { useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { SelectField, TextField } from '../../ui/controls/field.tsx';
import { FormDialog } from '../../ui/feedback/form-dialog.tsx';
import { ErrorNote, WarningLine } from '../../ui/feedback/notice.tsx';
import styles from './custom-kpi.module.css';
import { ExpressionField } from './expression-field.tsx';

interface CustomKpiDialogProps {
  /** The key figure to edit; null creates a new one. */
  readonly kpi: CustomKpi | null;
  readonly machines: readonly Device[];
  readonly window: Window;
  readonly onClose: () => void;
}

type Draft = Pick<CustomKpi, 'name' | 'description' | 'expression' | 'site_id'> & { readonly unit: string };

/** Creates or edits a key figure; its expression is checked and evaluated during input. */
export function CustomKpiDialog({ kpi, machines, window, onClose }: CustomKpiDialogProps) {
  const text = useText();
  const [draft, setDraft] = useState(() => draftOf(kpi));
  const [machineId, setMachineId] = useState(machines[0]?.id ?? '');
  const [tried, setTried] = useState(false);
  const save = useSave(kpi, onClose);
  const change = (part: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...part }));
    save.reset();
  };
  const preview = usePreview(draft, machineId, window);
  const isComplete = draft.name.trim() !== '' && draft.expression.trim() !== '';
  const wrong = preview.isPlaceholderData ? null : (preview.data?.error ?? null);
  const missing = (value: string, message: 'kpi.name_needed' | 'kpi.expression_needed') =>
    tried && value.trim() === '' ? text(message) : undefined;
  const submit = () => {
    setTried(true);
    if (isComplete && wrong === null) save.mutate(draft);
  };
  return (
    <FormDialog
      wide
      onClose={onClose}
      title={kpi ? text('kpi.edit', { name: kpi.name }) : text('kpi.new')}
      description={text('kpi.note')}
      className={styles.form}
      request={save}
      onSubmit={submit}
      blocked={wrong !== null}
      noValidate
    >
      <TextField
        label={text('kpi.name')}
        value={draft.name}
        maxLength={200}
        error={missing(draft.name, 'kpi.name_needed')}
        onChange={(event) => change({ name: event.target.value })}
      />
      <ExpressionField
        value={draft.expression}
        onChange={(expression) => change({ expression })}
        machine={machines.find(({ id }) => id === machineId)}
        wrong={wrong?.field === 'expression' ? wrong : null}
        missing={missing(draft.expression, 'kpi.expression_needed')}
      >
        <MachineField machines={machines} value={machineId} onChange={setMachineId} />
      </ExpressionField>
      <Result preview={draft.expression.trim() === '' ? undefined : preview.data} isOld={preview.isPlaceholderData} />
      {preview.isError ? <ErrorNote error={preview.error} /> : null}
      <Details draft={draft} change={change} unitError={wrong?.field === 'unit' ? wrong.detail : undefined} />
    </FormDialog>
  );
}

interface DetailsProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly unitError: string | undefined;
}

function Details({ draft, change, unitError }: DetailsProps) {
  const text = useText();
  return (
    <div className={styles.row}>
      <TextField
        label={text('kpi.unit')}
        hint={text('kpi.unit_hint')}
        value={draft.unit}
        maxLength={40}
        error={unitError}
        onChange={(event) => change({ unit: event.target.value })}
      />
      <ScopeField value={draft.site_id} onChange={(site_id) => change({ site_id })} />
      <TextField
        label={text('kpi.description')}
        hint={text('kpi.description_hint')}
        value={draft.description}
        maxLength={1000}
        onChange={(event) => change({ description: event.target.value })}
      />
    </div>
  );
}

function draftOf(kpi: CustomKpi | null): Draft {
  if (kpi === null) return { name: '', description: '', expression: '', unit: '', site_id: null };
  const { name, description, expression, unit, site_id } = kpi;
  return { name, description, expression, unit: unit ?? '', site_id };
}

function usePreview({ expression, unit, site_id }: Draft, machineId: string, { start, end }: Window) {
  const request = {
    expression,
    unit: unit.trim() || null,
    site_id,
    ...(machineId && { machine_id: machineId }),
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
  };
  return useQuery({ ...useQueries().customKpiPreview(request), enabled: expression.trim() !== '' });
}

function useSave(kpi: CustomKpi | null, onSaved: () => void) {
  const { api } = useServices();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (draft: Draft) => {
      const body = { ...draft, unit: draft.unit.trim() || null };
      return kpi ? api.call(changeCustomKpi, { params: { id: kpi.id }, body }) : api.call(createCustomKpi, { body });
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ['custom-kpis'] });
      onSaved();
    },
  });
}

interface ResultProps {
  readonly preview: CustomKpiPreview | undefined;
  /** The result of the previous expression. */
  readonly isOld: boolean;
}

/** Value of the expression. */
function Result({ preview, isOld }: ResultProps) {
  const text = useText();
  const format = useFormat();
  const { error = null, value = null, unit = null, reason = null, warnings = [] } = preview ?? {};
  const isKnown = preview !== undefined && error === null;
  return (
    <div role="status" className={isOld ? styles.waiting : undefined}>
      <div className={styles.result}>
        <span className={styles.quiet}>{text('kpi.result')}</span>
        {isKnown ? <strong>{[format.figure(value), unit].filter(Boolean).join(' ')}</strong> : '–'}
        {isKnown && reason ? <span className={styles.quiet}>{text('kpi.no_value', { reason })}</span> : null}
      </div>
      {isKnown ? warnings.map((warning) => <WarningLine key={warning}>{warning}</WarningLine>) : null}
    </div>
  );
}

interface MachineFieldProps {
  readonly machines: readonly Device[];
  readonly value: string;
  readonly onChange: (id: string) => void;
}

function MachineField({ machines, value, onChange }: MachineFieldProps) {
  return (
    <SelectField label={useText()('kpi.machine')} value={value} onChange={(event) => onChange(event.target.value)}>
      {machines.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}

interface ScopeFieldProps {
  readonly value: string | null;
  readonly onChange: (siteId: string | null) => void;
}

/** The scope of the key figure: one site or all; hidden when there is only one site. */
function ScopeField({ value, onChange }: ScopeFieldProps) {
  const text = useText();
  const site = useSite();
  const sites = useQuery(useQueries().sites()).data ?? [];
  if (sites.length < 2 && value === null) return null;
  return (
    <SelectField
      label={text('kpi.scope')}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || null)}
    >
      <option value="">{text('kpi.all_sites')}</option>
      <option value={site.id}>{text('kpi.one_site', { site: site.name })}</option>
    </SelectField>
  );
}
