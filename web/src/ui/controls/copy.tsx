import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../../app-context.tsx';
import { Button } from './button.tsx';
import styles from './copy.module.css';

/** How long the button confirms the copy. */
const THANKS_MS = 2000;

/** Monospaced text with a copy button. */
export function CopyBlock({ value, label }: { readonly value: string; readonly label: string }) {
  const text = useText();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), THANKS_MS);
  };
  return (
    <div className={styles.block}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, which must work by keyboard too (WCAG 2.1.1) */}
      <section className={styles.scroll} tabIndex={0} aria-label={label}>
        <pre className={styles.pre}>{value}</pre>
      </section>
      <Button kind="quiet" icon={copied ? Check : Copy} onClick={() => void copy()}>
        <span aria-live="polite">{text(copied ? 'action.copied' : 'action.copy')}</span>
      </Button>
    </div>
  );
}
