import { useFormat, useText } from '../../app-context.tsx';
import { useNow } from '../../ui/hooks/use-now.ts';
import { freshForMs } from './freshness.ts';
import styles from './now.module.css';
import { useLiveState, useSeenInstants } from './use-live-power.ts';

/** A younger value is shown as live, without its age in seconds. */
const FRESH_MS = 15_000;

/** State of the stream, and age of the newest value on the page. */
export function ConnectionState({ at }: { readonly at: number | null }) {
  const text = useText();
  const format = useFormat();
  const state = useLiveState();
  const now = useNow();
  const age = at === null ? null : Math.max(0, now - at);
  const freshFor = freshForMs(useSeenInstants(at));
  const stale = age === null || age > freshFor;
  const tone = state !== 'open' ? 'waiting' : stale ? 'stale' : 'live';
  const words =
    state === 'open'
      ? text(stale ? 'now.stale' : 'now.live')
      : text(state === 'waiting' ? 'now.lost' : 'now.connecting');
  return (
    <p className={styles.connection}>
      <span className={styles.dot} data-tone={tone} aria-hidden="true" />
      <span role="status">{words}</span>
      {age !== null && age > FRESH_MS ? <span>· {text('now.last_data', { age: format.ago(age) })}</span> : null}
      {age === null ? <span>· {text('now.no_data')}</span> : null}
    </p>
  );
}
