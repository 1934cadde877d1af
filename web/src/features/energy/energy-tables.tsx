import { useQuery } from '@tanstack/react-query';
import type { EnergyBalance } from '@wattkeeper/contract/analytics/energy.ts';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { bandText } from '../../messages/known-text.ts';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { plain } from '../../ui/format.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './energy.module.css';

/** Cost per band of the tariff. */
export function BandsPanel({ bands }: { readonly bands: EnergyBalance['cost_by_band'] }) {
  const text = useText();
  const format = useFormat();
  const head = [
    text('energy.band'),
    { label: text('energy.energy'), numeric: true },
    { label: text('energy.mean_price'), numeric: true },
    { label: text('energy.cost'), numeric: true },
  ];
  return (
    <Panel title={text('energy.bands')}>
      {bands.length === 0 ? (
        <p className={styles.quiet}>{text('energy.no_bands')}</p>
      ) : (
        <Table caption={text('energy.bands')} head={head}>
          {bands.map(({ band, energy_kwh: kwh, cost }) => (
            <tr key={band}>
              <th scope="row">{bandText(text, band)}</th>
              <td data-numeric>{plain(format.energy(kwh))}</td>
              <td data-numeric>{kwh > 0 ? format.price(cost / kwh) : '–'}</td>
              <td data-numeric>{format.money(cost)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

/** Charging sessions of batteries and vehicles, with energy and cost. */
export function SessionsPanel(props: { readonly siteId: string; readonly firstDay: string; readonly lastDay: string }) {
  const text = useText();
  const format = useFormat();
  const sessions = useQuery(useQueries().sessions(props.siteId, props.firstDay, props.lastDay));
  const numeric = (key: 'energy.energy' | 'energy.price' | 'energy.cost') => ({ label: text(key), numeric: true });
  const head = [
    text('energy.start'),
    text('energy.device'),
    text('energy.direction'),
    numeric('energy.energy'),
    numeric('energy.price'),
    numeric('energy.cost'),
  ];
  return (
    <Panel title={text('energy.sessions')}>
      <QueryView query={sessions} height="6rem">
        {(items) =>
          items.length === 0 ? (
            <p className={styles.quiet}>{text('energy.no_sessions')}</p>
          ) : (
            <Table caption={text('energy.sessions')} head={head} maxHeight="24rem">
              {items.map((session) => (
                <tr key={session.id}>
                  <th scope="row">{format.dateTime(Date.parse(session.start_time))}</th>
                  <td>{session.device_name}</td>
                  <td>{text(`energy.${session.direction}`)}</td>
                  <td data-numeric>{plain(format.energy(session.energy_kwh))}</td>
                  <td data-numeric>{format.price(session.average_price_per_kwh)}</td>
                  <td data-numeric>{format.money(session.cost)}</td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
    </Panel>
  );
}
