import { useQuery } from '@tanstack/react-query';
import type { EnergyBalance, EnergyFlows } from '@wattkeeper/contract/energy.ts';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { Quantity } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { Table } from '../../ui/table.tsx';
import styles from './energy.module.css';

/** The ways that energy took between sun, battery, grid and home, the largest first. */
export function FlowsPanel({ flows }: { readonly flows: EnergyFlows | null }) {
  const text = useText();
  const format = useFormat();
  if (flows === null) return null;
  const ways = (Object.entries(flows) as [keyof EnergyFlows, number][]).filter(([, kwh]) => kwh > 0.005);
  const total = ways.reduce((sum, [, kwh]) => sum + kwh, 0);
  const head = [
    text('energy.flow'),
    { label: text('energy.energy'), numeric: true },
    { label: text('energy.share'), numeric: true },
  ];
  return (
    <Panel title={text('energy.flows')}>
      <Table caption={text('energy.flows')} head={head}>
        {ways
          .sort((a, b) => b[1] - a[1])
          .map(([way, kwh]) => (
            <tr key={way}>
              <th scope="row">{text(`energy.${way}`)}</th>
              <td data-numeric>{joined(format.energy(kwh))}</td>
              <td data-numeric>{joined(format.share(kwh / total))}</td>
            </tr>
          ))}
      </Table>
    </Panel>
  );
}

/** What each band of the tariff cost. */
export function BandsPanel({ bands }: { readonly bands: EnergyBalance['cost_by_band'] }) {
  const text = useText();
  const format = useFormat();
  if (bands.length === 0) return null;
  const head = [
    text('energy.band'),
    { label: text('energy.energy'), numeric: true },
    { label: text('energy.cost'), numeric: true },
  ];
  return (
    <Panel title={text('energy.bands')}>
      <Table caption={text('energy.bands')} head={head}>
        {bands.map(({ band, energy_kwh: kwh, cost }) => (
          <tr key={band}>
            <th scope="row">{band}</th>
            <td data-numeric>{joined(format.energy(kwh))}</td>
            <td data-numeric>{format.money(cost)}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

/** When batteries and vehicles charged, how much and for what money. */
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
                  <td data-numeric>{joined(format.energy(session.energy_kwh))}</td>
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

function joined({ value, unit }: Quantity): string {
  return unit ? `${value} ${unit}` : value;
}
