import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import { useSite } from '../../site-context.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import styles from './now.module.css';

/** On a demo: that nothing is real, and the way to the reader's own site, or to connecting one. */
export function SiteNotices({ onConnect }: { readonly onConnect: () => void }) {
  const text = useText();
  const { preferences } = useServices();
  const site = useSite();
  const sites = useQuery(useQueries().sites());
  if (!site.is_demo) return null;
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
