import { useQuery } from '@tanstack/react-query';
import type { Site } from '@wattkeeper/contract/site.ts';
import { Pencil, Plus } from 'lucide-react';
import { useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { useMayWrite } from '../../use-may-write.ts';
import { SiteDialog } from './site-dialog.tsx';
import styles from './sites.module.css';

/** All sites with time zone, currency and location. */
export function SitesPanel() {
  const text = useText();
  const format = useFormat();
  const mayWrite = useMayWrite();
  const [editing, setEditing] = useState<Site | 'new' | null>(null);
  const head = [text('sites.name'), '', text('sites.timezone'), text('sites.currency'), text('sites.place')];
  return (
    <Panel
      title={text('sites.title')}
      actions={
        mayWrite ? (
          <Button icon={Plus} onClick={() => setEditing('new')}>
            {text('sites.new')}
          </Button>
        ) : null
      }
    >
      <QueryView query={useQuery(useQueries().sites())} height="6rem">
        {(sites) => (
          <Table caption={text('sites.title')} head={head}>
            {sites.map((site) => (
              <tr key={site.id}>
                <th scope="row">
                  {site.name}
                  {site.is_default ? <span className={styles.quiet}> · {text('sites.default')}</span> : null}
                </th>
                <td>
                  {mayWrite ? (
                    <span className={styles.actions}>
                      <IconButton
                        icon={Pencil}
                        label={text('sites.edit', { name: site.name })}
                        onClick={() => setEditing(site)}
                      />
                    </span>
                  ) : null}
                </td>
                <td>{site.timezone}</td>
                <td>{site.currency}</td>
                <td>
                  {site.latitude === null || site.longitude === null
                    ? text('sites.no_place')
                    : `${format.number(site.latitude, 2)}°, ${format.number(site.longitude, 2)}°`}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </QueryView>
      {editing ? <SiteDialog site={editing === 'new' ? undefined : editing} onClose={() => setEditing(null)} /> : null}
    </Panel>
  );
}
