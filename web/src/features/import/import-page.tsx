import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { detectUpload } from '@wattkeeper/contract/endpoints/imports.ts';
import type { ImportDetection, ImportUpload } from '@wattkeeper/contract/import.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import { use, useRef, useState } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import { uploadFile } from '../../data/upload.ts';
import { SiteContext } from '../../site-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { ProgressBar } from '../../ui/feedback/progress.tsx';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { useMayWrite } from '../../use-may-write.ts';
import { DetectedPanel } from './detected-panel.tsx';
import { FileField } from './file-field.tsx';
import styles from './import.module.css';
import { decidedMapping, draftOf, type ImportDraft } from './import-draft.ts';
import { PlacePanel } from './place-panel.tsx';
import { PreviewPanel } from './preview-panel.tsx';
import { RunPanel } from './run-panel.tsx';

/** An uploaded file with its mapping. */
interface Received {
  readonly upload: ImportUpload;
  readonly detection: ImportDetection;
  /** The current site if it has devices and is no demo; null: the readings probably belong to a new site. */
  readonly site: Site | null;
}

/** Imports a file: upload, detected format, preview, dry run, import, and links to the new data. */
export function ImportPage() {
  const text = useText();
  const { api, queries } = useServices();
  const cache = useQueryClient();
  const current = use(SiteContext);
  const [share, setShare] = useState(0);
  const abort = useRef(new AbortController());
  const receive = useMutation({
    mutationFn: async (file: File): Promise<Received> => {
      abort.current = new AbortController();
      setShare(0);
      const upload = await uploadFile(api, file, { signal: abort.current.signal, onProgress: setShare });
      const devices = current === null ? [] : await cache.fetchQuery(queries.devices(current.id));
      const site = current?.is_demo || devices.length === 0 ? null : current;
      const request = { timezone: site?.timezone ?? browserZone() };
      const detection = await api.call(detectUpload, { params: { id: upload.id }, body: request });
      return { upload, detection, site };
    },
  });
  const again = () => {
    abort.current.abort();
    receive.reset();
  };
  const mayWrite = useMayWrite();
  return (
    <PageBody>
      <PageHead title={text('import.title')} />
      <Panel title={text('import.file')} note={text('import.note')}>
        {mayWrite ? null : <p>{text('import.no_right')}</p>}
        {mayWrite && receive.isIdle ? <FileField onFile={(file) => receive.mutate(file)} /> : null}
        {receive.isPending ? (
          <div className={styles.progress} role="status">
            <p>{share < 1 ? text('import.uploading', { name: receive.variables.name }) : text('import.detecting')}</p>
            <ProgressBar label={text('import.uploading', { name: receive.variables.name })} share={share} />
            <Button onClick={again}>{text('action.cancel')}</Button>
          </div>
        ) : null}
        {receive.isError ? <ErrorNote error={receive.error} /> : null}
        {receive.data ? <p className={styles.name}>{receive.data.upload.name}</p> : null}
        {receive.data || receive.isError ? (
          <div className={styles.actions}>
            <Button onClick={again}>{text('import.other')}</Button>
          </div>
        ) : null}
      </Panel>
      {receive.data ? <Decisions key={receive.data.upload.id} received={receive.data} /> : null}
    </PageBody>
  );
}

function Decisions({ received }: { readonly received: Received }) {
  const { upload, detection, site: own } = received;
  const sites = useQuery(useQueries().sites()).data?.filter((site) => !site.is_demo) ?? [];
  const [draft, setDraft] = useState(() => draftOf(detection, own?.name ?? null, own?.currency ?? 'EUR'));
  const change = (part: Partial<ImportDraft>) => setDraft((old) => ({ ...old, ...part }));
  const mapping = JSON.stringify(decidedMapping(detection.mapping, draft));
  return (
    <>
      <DetectedPanel detection={detection} />
      <PlacePanel draft={draft} sites={sites} onChange={change} />
      <PreviewPanel uploadId={upload.id} mapping={mapping} columns={draft.columns} onChange={change} />
      <RunPanel key={mapping} upload={upload} mapping={mapping} />
    </>
  );
}

function browserZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
