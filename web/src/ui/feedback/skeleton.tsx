import { useText } from '../../app-context.tsx';
import styles from './skeleton.module.css';

/** A placeholder of a given height, without animation. */
export function Skeleton({ height }: { readonly height: string }) {
  const text = useText();
  return (
    <div className={styles.skeleton} style={{ height }} role="status">
      <span className="visually-hidden">{text('loading')}</span>
    </div>
  );
}
