import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { switchFeature } from '@wattkeeper/contract/endpoints/settings.ts';
import type { Feature } from '@wattkeeper/contract/service.ts';
import { useState } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import { knownText } from '../../messages/known-text.ts';
import { Toggle } from '../../ui/controls/toggle.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { MoveToDisk, PersistenceDialog } from './persistence-switch.tsx';
import styles from './system.module.css';

const PERSISTENCE = 'persistence';

/** Features that can be switched while the service runs. */
export function FeaturesPanel({ mayChange }: { readonly mayChange: boolean }) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  /** The requested persistence setting, while the user is asked for confirmation. */
  const [asking, setAsking] = useState<boolean | null>(null);
  const set = useMutation({
    mutationFn: ({ name, enabled }: Pick<Feature, 'name' | 'enabled'>) =>
      api.call(switchFeature, { params: { name }, body: { enabled } }),
    onSuccess: () => cache.invalidateQueries(),
  });
  return (
    <Panel title={text('system.features')} note={text('system.features_note')}>
      {set.isError ? <ErrorNote error={set.error} /> : null}
      <QueryView query={useQuery(useQueries().features())} height="8rem">
        {(features) => (
          <ul className={styles.switches}>
            {features.map(({ name, label, description, enabled, active, reason, change }) => (
              <li key={name}>
                <div>
                  <strong>{knownText(text, 'feature', name, label)}</strong>
                  <div className={styles.quiet}>{knownText(text, 'feature', `${name}.text`, description)}</div>
                  {change ? <MoveToDisk change={change} /> : null}
                  {enabled && !active && !change ? <div className={styles.failed}>{reason}</div> : null}
                </div>
                <Toggle
                  label={knownText(text, 'feature', name, label)}
                  checked={enabled}
                  disabled={!mayChange || set.isPending || change?.state === 'running'}
                  onChange={(next) => (name === PERSISTENCE ? setAsking(next) : set.mutate({ name, enabled: next }))}
                />
              </li>
            ))}
          </ul>
        )}
      </QueryView>
      {asking === null ? null : <PersistenceDialog enable={asking} onClose={() => setAsking(null)} />}
    </Panel>
  );
}
