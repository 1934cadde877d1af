import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import { loadPart } from '../../load-part.ts';
import { useSite } from '../../site-context.tsx';
import { Button, buttonClass } from '../../ui/controls/button.tsx';
import { useMayWrite } from '../../use-may-write.ts';
import { isUnplaced } from '../sites/site-draft.ts';
import styles from './now.module.css';

const SiteDialog = lazy(async () => ({
  default: (await loadPart(() => import('../sites/site-dialog.tsx'))).SiteDialog,
}));

/** Notices about the current site: it is a demo, or its location is missing. */
export function SiteNotices({ onConnect }: { readonly onConnect: () => void }) {
  const site = useSite();
  const mayWrite = useMayWrite();
  if (site.is_demo) return <DemoNotice onConnect={onConnect} />;
  return isUnplaced(site) && mayWrite ? <UnplacedNotice /> : null;
}

/** Explains that the data are simulated, with links to the user's site or to connecting one. */
function DemoNotice({ onConnect }: { readonly onConnect: () => void }) {
  const text = useText();
  const { preferences } = useServices();
  const sites = useQuery(useQueries().sites());
  const own = sites.data?.find(({ is_demo: isDemo, is_default: isDefault }) => !isDemo && isDefault);
  return (
    <div className={styles.demo} role="status">
      <span>{own ? `${text('demo.banner')} ${text('demo.own', { name: own.name })}` : text('demo.banner')}</span>
      {own ? (
        <Link
          to="/now"
          search={{ site: own.id }}
          className={buttonClass('primary')}
          onClick={() => preferences.set({ siteId: own.id })}
        >
          {text('demo.show_own', { name: own.name })}
        </Link>
      ) : (
        <Button kind="plain" onClick={onConnect}>
          {text('demo.connect')}
        </Button>
      )}
    </div>
  );
}

/** Asks for time zone and location of a site that its first reading created. */
function UnplacedNotice() {
  const text = useText();
  const site = useSite();
  const [editing, setEditing] = useState(false);
  return (
    <div className={styles.demo}>
      <span>{text('sites.unplaced', { name: site.name })}</span>
      <Button onClick={() => setEditing(true)}>{text('sites.set_place')}</Button>
      {editing ? (
        <Suspense>
          <SiteDialog site={site} onClose={() => setEditing(false)} />
        </Suspense>
      ) : null}
    </div>
  );
}
