import type { ImportDetection } from '@wattkeeper/contract/import.ts';
import { useText } from '../../app-context.tsx';
import { WarningLine } from '../../ui/feedback/notice.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './import.module.css';

/** The detected format, the points to check, and the first lines of the file. */
export function DetectedPanel({ detection }: { readonly detection: ImportDetection }) {
  const text = useText();
  const { format, notes, sample } = detection;
  return (
    <Panel title={text('import.detected', { type: text(`format.${format}`) })}>
      {notes.length > 0 ? <h3>{text('import.check')}</h3> : null}
      {notes.map((note) => (
        <WarningLine key={note}>{note}</WarningLine>
      ))}
      <details className={styles.details}>
        <summary>{text('import.sample')}</summary>
        <Table
          caption={text('import.sample')}
          head={sample.columns.map((name, i) => (sample.columns.indexOf(name) === i ? name : `${name} #${i + 1}`))}
          maxHeight="20rem"
        >
          {sample.rows.map((row, r) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a file have no other key
            <tr key={r}>
              {row.map((cell, c) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other key
                <td key={c}>{cell}</td>
              ))}
            </tr>
          ))}
        </Table>
      </details>
    </Panel>
  );
}
