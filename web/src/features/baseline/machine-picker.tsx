import { useQueries as useManyQueries } from '@tanstack/react-query';
import type { Device, DeviceKind } from '@wattkeeper/contract/device.ts';
import { useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { SelectField, TextField } from '../../ui/controls/field.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './baseline.module.css';

interface MachinePickerProps {
  readonly machines: readonly Device[];
  /** Ids; the first is displayed. */
  readonly chosen: readonly string[];
  readonly onChoose: (ids: readonly string[]) => void;
}

const STATUSES = ['any', 'with', 'without'] as const;

interface Filter {
  readonly name: string;
  /** Empty: all. */
  readonly kind: string;
  readonly status: (typeof STATUSES)[number];
}

/** The machines of the site, filtered by name, kind and whether they have a baseline; several can be chosen. */
export function MachinePicker({ machines, chosen, onChoose }: MachinePickerProps) {
  const text = useText();
  const format = useFormat();
  const queries = useQueries();
  const [filter, setFilter] = useState<Filter>({
    name: '',
    kind: '',
    status: 'any',
  });
  const models = useManyQueries({ queries: machines.map(({ id }) => queries.baselines(id)) });
  const rows = machines
    .map((machine, i) => ({ machine, active: models[i]?.data?.find(({ is_active }) => is_active) }))
    .filter(({ machine, active }) => {
      const isNamed = machine.name.toLowerCase().includes(filter.name.trim().toLowerCase());
      const isOfKind = filter.kind === '' || machine.kind === filter.kind;
      return isNamed && isOfKind && (filter.status === 'any' || (active !== undefined) === (filter.status === 'with'));
    });
  const toggle = (id: string) => {
    const others = chosen.filter((one) => one !== id);
    if (others.length === chosen.length) onChoose([...chosen, id]);
    else if (others.length > 0) onChoose(others);
  };
  return (
    <Panel title={text('baseline.machines')} note={text('baseline.machines_note')}>
      <Filters filter={filter} kinds={machines.map(({ kind }) => kind)} onChange={setFilter} />
      {rows.length === 0 ? <p className={styles.quiet}>{text('baseline.nothing_fits')}</p> : null}
      <Table
        caption={text('baseline.machines')}
        head={['', text('machines.machine'), text('baseline.kind'), text('baseline.status')]}
        maxHeight="18rem"
      >
        {rows.map(({ machine, active }) => (
          <tr key={machine.id} aria-current={machine.id === chosen[0] ? 'true' : undefined}>
            <td>
              <input
                type="checkbox"
                aria-label={text('baseline.choose', { name: machine.name })}
                checked={chosen.includes(machine.id)}
                onChange={() => toggle(machine.id)}
              />
            </td>
            <th scope="row">
              <button
                type="button"
                className={styles.link}
                onClick={() =>
                  onChoose([
                    machine.id,
                    ...(chosen.includes(machine.id) ? chosen.filter((id) => id !== machine.id) : []),
                  ])
                }
              >
                {machine.name}
              </button>
            </th>
            <td>{text(`kind.${machine.kind}`)}</td>
            <td>
              {active
                ? text('baseline.version_short', {
                    version: String(active.model_version),
                    r2: format.number(active.r_squared, 2),
                  })
                : text('machines.no_baseline')}
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

interface FiltersProps {
  readonly filter: Filter;
  readonly kinds: readonly DeviceKind[];
  readonly onChange: (filter: Filter) => void;
}

function Filters({ filter, kinds, onChange }: FiltersProps) {
  const text = useText();
  return (
    <div className={styles.filters}>
      <TextField
        label={text('baseline.search')}
        type="search"
        value={filter.name}
        onChange={(event) => onChange({ ...filter, name: event.target.value })}
      />
      <SelectField
        label={text('baseline.kind')}
        value={filter.kind}
        onChange={(event) => onChange({ ...filter, kind: event.target.value })}
      >
        <option value="">{text('baseline.any')}</option>
        {[...new Set(kinds)].sort().map((kind) => (
          <option key={kind} value={kind}>
            {text(`kind.${kind}`)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={text('baseline.status')}
        value={filter.status}
        onChange={(event) => onChange({ ...filter, status: event.target.value as Filter['status'] })}
      >
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {text(`baseline.${status}`)}
          </option>
        ))}
      </SelectField>
    </div>
  );
}
