import { useQuery } from '@tanstack/react-query';
import type { Device } from '@wattkeeper/contract/device.ts';
import { Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { useSite } from '../../site-context.tsx';
import { IconButton } from '../../ui/controls/button.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { useMayWrite } from '../../use-may-write.ts';
import { DeviceDialog } from './device-dialog.tsx';
import { RemoveDeviceDialog } from './remove-device-dialog.tsx';
import styles from './sites.module.css';

/** The devices of the current site. */
export function DevicesPanel() {
  const text = useText();
  const format = useFormat();
  const site = useSite();
  const mayWrite = useMayWrite();
  const isAdmin = useQuery(useQueries().me()).data?.scopes.includes('admin') ?? false;
  const [editing, setEditing] = useState<Device | null>(null);
  const [removing, setRemoving] = useState<Device | null>(null);
  const head = [
    text('devices.name'),
    '',
    text('devices.kind'),
    text('devices.status'),
    text('devices.last_reading'),
    { label: text('devices.rated_power'), numeric: true },
  ];
  return (
    <Panel title={text('devices.title')} note={text('devices.note', { site: site.name })}>
      <QueryView query={useQuery(useQueries().devices(site.id))} height="8rem">
        {(devices) =>
          devices.length === 0 ? (
            <EmptyNote title={text('devices.none')} />
          ) : (
            <Table caption={text('devices.title')} head={head} maxHeight="28rem">
              {devices.map((device) => (
                <tr key={device.id}>
                  <th scope="row">{device.name}</th>
                  <td>
                    <span className={styles.actions}>
                      {mayWrite ? (
                        <IconButton
                          icon={Pencil}
                          label={text('devices.edit', { name: device.name })}
                          onClick={() => setEditing(device)}
                        />
                      ) : null}
                      {isAdmin ? (
                        <IconButton
                          icon={Trash2}
                          label={text('devices.remove', { name: device.name })}
                          onClick={() => setRemoving(device)}
                        />
                      ) : null}
                    </span>
                  </td>
                  <td>{text(`kind.${device.kind}`)}</td>
                  <td>{text(`device.${device.status}`)}</td>
                  <td>{device.last_reading_at ? format.dateTime(Date.parse(device.last_reading_at)) : '–'}</td>
                  <td data-numeric>
                    {device.rated_power_kw === null ? '–' : `${format.number(device.rated_power_kw, 1)} kW`}
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
      {editing ? <DeviceDialog device={editing} onClose={() => setEditing(null)} /> : null}
      {removing ? <RemoveDeviceDialog device={removing} onClose={() => setRemoving(null)} /> : null}
    </Panel>
  );
}
