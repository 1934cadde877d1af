import type { BaselineModel } from '@wattkeeper/contract/analytics/baseline.ts';
import type { BaselineDeviation } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { Braces, Download, FileSpreadsheet } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useText } from '../../app-context.tsx';
import { buttonClass } from '../../ui/controls/button.tsx';
import menu from '../shell/menu.module.css';
import { comparisonCsv, csvText } from './baseline-series.ts';

interface ExportMenuProps {
  readonly machine: Device;
  readonly model: BaselineModel;
  readonly found: BaselineDeviation;
}

/** Exports of the current view. */
export function ExportMenu({ machine, model, found }: ExportMenuProps) {
  const text = useText();
  const file = (kind: string) => `${machine.name} baseline v${model.model_version} ${kind}`.replace(/[^\w.-]+/g, '-');
  const items = [
    ['baseline.export_series', FileSpreadsheet, () => save(file('figures.csv'), 'text/csv', comparisonCsv(found))],
    [
      'baseline.export_coefficients',
      FileSpreadsheet,
      () => save(file('coefficients.csv'), 'text/csv', coefficientsCsv(model)),
    ],
    [
      'baseline.export_model',
      Braces,
      () => save(file('model.json'), 'application/json', JSON.stringify(model, null, 2)),
    ],
  ] as const;
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className={buttonClass('plain')}>
        <Download size={16} aria-hidden="true" />
        {text('baseline.export')}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="end" sideOffset={6} collisionPadding={8}>
          {items.map(([label, Icon, onSelect]) => (
            <DropdownMenu.Item key={label} className={menu.item} onSelect={onSelect}>
              <Icon size={16} aria-hidden="true" />
              {text(label)}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function coefficientsCsv(model: BaselineModel): string {
  const of = (values: Readonly<Record<string, number>>, name: string) => ownValue(values, name) ?? null;
  return csvText(
    ['term', 'coefficient', 'standard_error', 't', 'p', 'vif'],
    [
      ['intercept', model.intercept, null, null, null, null],
      ...Object.entries(model.coefficients).map(([name, value]) => [
        ...[name, value, of(model.standard_errors, name), of(model.t_values, name)],
        ...[of(model.p_values, name), of(model.vif, name)],
      ]),
    ],
  );
}

function save(name: string, type: string, content: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
