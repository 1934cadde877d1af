import { useQuery } from '@tanstack/react-query';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { WarningLine } from '../../ui/feedback/notice.tsx';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { DevicesPanel } from '../sites/devices-panel.tsx';
import { SitesPanel } from '../sites/sites-panel.tsx';
import { AccessPanels } from './access-panels.tsx';
import { BackupsPanel } from './backups-panel.tsx';
import { QuarantinePanel } from './control-panels.tsx';
import { JobsPanel } from './jobs-panel.tsx';
import { MigrationPanel } from './migration-panel.tsx';
import { QualityPanel } from './quality-panel.tsx';
import { RepairsPanel } from './repairs-panel.tsx';
import { SetAsidePanel } from './set-aside-panel.tsx';
import { IngestPanel, SourcesPanel, StoresPanel } from './storage-panels.tsx';
import { StoreGapsPanel } from './store-gaps-panel.tsx';

/** State of the service: stores, ingest, sources, quarantine, features, tokens and the audit log. */
export function SystemPage() {
  const text = useText();
  const format = useFormat();
  const health = useQuery(useQueries().health());
  const { data } = health;
  return (
    <PageBody>
      <PageHead
        title={text('system.title')}
        note={
          data ? (
            <p>
              {text(`system.${data.status}`)} ·{' '}
              {text('system.version', { version: data.version, uptime: format.duration(data.uptime_s * 1000) })}
            </p>
          ) : null
        }
      />
      {data?.warnings.map((warning) => (
        <WarningLine key={warning}>{warning}</WarningLine>
      ))}
      <StoresPanel />
      <StoreGapsPanel />
      <IngestPanel />
      <SourcesPanel />
      <SitesPanel />
      <DevicesPanel />
      <QualityPanel />
      <RepairsPanel />
      <QuarantinePanel />
      <SetAsidePanel />
      <BackupsPanel />
      <MigrationPanel />
      <JobsPanel />
      <AccessPanels />
    </PageBody>
  );
}
