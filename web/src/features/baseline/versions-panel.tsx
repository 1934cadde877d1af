import { useQueries as useManyQueries } from '@tanstack/react-query';
import type { BaselineModel } from '@wattkeeper/contract/analytics/baseline.ts';
import type { BaselineDeviation } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import type { ReactNode } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { Button } from '../../ui/controls/button.tsx';
import { plain } from '../../ui/format.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { ActivateButton } from './activate-button.tsx';
import styles from './baseline.module.css';
import { useDriverLabel } from './use-driver-label.ts';

interface VersionsPanelProps {
  readonly machine: Device;
  /** Newest first. */
  readonly versions: readonly BaselineModel[];
  /** Id of the displayed version. */
  readonly shown: string;
  readonly window: Window;
  readonly onView: (modelId: string) => void;
}

/** Maximum of columns; the active version is always included. */
const MAX_VERSIONS = 5;

/** Versions side by side: training, goodness of fit, deviation over the range, and which one is active. */
export function VersionsPanel({ machine, versions, shown, window, onView }: VersionsPanelProps) {
  const text = useText();
  const beside = versions.filter(({ is_active, model_id }, i) => i < MAX_VERSIONS || is_active || model_id === shown);
  const queries = useQueries();
  const found = useManyQueries({
    queries: beside.map(({ model_id }) => queries.deviation(machine.id, window, model_id)),
  });
  const rows = useRows();
  return (
    <Panel title={text('baseline.versions')}>
      <Table
        caption={text('baseline.versions')}
        head={[
          '',
          ...beside.map((one) => ({
            label: text('baseline.version', { version: String(one.model_version) }),
            numeric: true,
          })),
        ]}
      >
        {rows.map(([label, cell]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            {beside.map((one) => (
              <td key={one.model_id} data-numeric>
                {cell(one)}
              </td>
            ))}
          </tr>
        ))}
        <tr>
          <th scope="row">{text('baseline.in_range')}</th>
          {beside.map(({ model_id }, i) => (
            <td key={model_id} data-numeric>
              <InRange found={found[i]?.data} />
            </td>
          ))}
        </tr>
        <tr>
          <th scope="row">{text('baseline.view')}</th>
          {beside.map((one) => {
            const { model_id, model_version: version, is_active: inUse } = one;
            return (
              <td key={model_id} data-numeric>
                <span className={styles.choice}>
                  {model_id === shown ? (
                    <span>{text('baseline.in_view')}</span>
                  ) : (
                    <Button
                      aria-label={text('baseline.view_version', { version: String(version) })}
                      onClick={() => onView(model_id)}
                    >
                      {text('baseline.view')}
                    </Button>
                  )}
                  {inUse ? <span>{text('baseline.in_use')}</span> : <ActivateButton model={one} />}
                </span>
              </td>
            );
          })}
        </tr>
      </Table>
    </Panel>
  );
}

/** Deviation and verdict of a version. */
function InRange({ found }: { readonly found: BaselineDeviation | undefined }) {
  const text = useText();
  const format = useFormat();
  if (found === undefined) return null;
  return `${plain(format.energy(found.deviation_kwh))} · ${text(`baseline.${found.savings.verdict}`)}`;
}

/** The comparison requested for each version. */
function useRows(): [label: string, cell: (model: BaselineModel) => ReactNode][] {
  const text = useText();
  const labelOf = useDriverLabel();
  const format = useFormat();
  const share = (value: number | null) => plain(format.share(value, 1));
  return [
    [text('baseline.model'), ({ model_name }) => text(`baseline.${model_name}`)],
    [text('baseline.trained_at'), ({ trained_at }) => format.dateTime(Date.parse(trained_at))],
    [
      text('baseline.drivers'),
      ({ driver_ranges }) => <span className={styles.wrap}>{Object.keys(driver_ranges).map(labelOf).join(', ')}</span>,
    ],
    [text('baseline.samples'), ({ training_samples: n }) => format.number(n)],
    [text('baseline.r2'), ({ r_squared }) => format.number(r_squared, 3)],
    [text('baseline.adjusted_r2'), ({ adjusted_r_squared: r2 }) => format.number(r2, 3)],
    [text('baseline.cv'), ({ cv_rmse }) => share(cv_rmse)],
    [text('baseline.cv_out'), ({ cv_rmse_out_of_sample: cv }) => share(cv)],
    [text('baseline.nmbe'), ({ nmbe }) => share(nmbe)],
    [text('baseline.rmse'), ({ rmse }) => `${format.number(rmse, 2)} kWh`],
    [text('baseline.valid'), ({ valid }) => text(valid ? 'baseline.yes' : 'baseline.no')],
  ];
}
