import { X } from 'lucide-react';
import { useFormat, useText } from '../../app-context.tsx';
import type { Token } from '../../charts/palette.ts';
import { IconButton } from '../../ui/controls/button.tsx';
import { plain } from '../../ui/format.ts';
import { Table } from '../../ui/layout/table.tsx';
import styles from './history.module.css';
import type { SeriesData } from './history-panels.ts';
import type { SeriesOffer } from './series-choice.ts';

interface SeriesTableProps {
  readonly data: readonly SeriesData[];
  readonly chosen: readonly SeriesOffer[];
  readonly colours: readonly Token[];
  readonly onRemove: (key: string) => void;
}

/** The legend of the charts, with statistics of each series in the window. */
export function SeriesTable({ data, chosen, colours, onRemove }: SeriesTableProps) {
  const text = useText();
  const format = useFormat();
  const found = new Map(data.map((one) => [one.offer.key, one]));
  const numeric = (label: string) => ({ label, numeric: true });
  return (
    <Table
      caption={text('history.series')}
      head={[
        text('history.series'),
        text('history.device'),
        numeric(text('history.min')),
        numeric(text('history.mean')),
        numeric(text('history.max')),
        numeric(text('history.last')),
        numeric(text('history.coverage')),
        '',
      ]}
    >
      {chosen.map((offer, i) => {
        const one = found.get(offer.key);
        const figures = one ? figuresOf(one) : null;
        return (
          <tr key={offer.key}>
            <th scope="row" data-nowrap>
              <span className={styles.swatch} style={{ background: `var(--${colours[i]})` }} aria-hidden="true" />
              {offer.label}
            </th>
            <td data-nowrap>{offer.deviceName}</td>
            {(['least', 'mean', 'greatest', 'last'] as const).map((figure) => (
              <td key={figure} data-numeric>
                {plain(format.measured(figures?.[figure], offer.unit))}
              </td>
            ))}
            <td data-numeric>{plain(format.share(one?.coverage))}</td>
            <td data-numeric>
              {chosen.length > 1 ? (
                <IconButton
                  icon={X}
                  label={text('history.remove', { name: offer.label })}
                  onClick={() => onRemove(offer.key)}
                />
              ) : null}
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

function figuresOf({ input: { values, low, high } }: SeriesData) {
  const known = values.filter((value) => value !== null);
  const among = (column: readonly (number | null)[] | undefined) => column?.filter((value) => value !== null) ?? known;
  if (known.length === 0) return null;
  return {
    least: among(low).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    mean: known.reduce((a, b) => a + b, 0) / known.length,
    greatest: among(high).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    last: known.at(-1),
  };
}
