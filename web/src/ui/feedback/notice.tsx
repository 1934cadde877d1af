import { ApiProblem, UNREACHABLE } from '@wattkeeper/contract/api-problem.ts';
import { CircleAlert, Inbox, type LucideIcon, RotateCw, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useText } from '../../app-context.tsx';
import { knownText } from '../../messages/known-text.ts';
import type { Text } from '../../messages/lookup.ts';
import { Button } from '../controls/button.tsx';
import styles from './notice.module.css';

interface NoteProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly icon?: LucideIcon;
}

/** Explains an empty view, with possible actions. */
export function EmptyNote({ title, children, icon: Icon = Inbox }: NoteProps) {
  return (
    <div className={styles.note}>
      <Icon size={22} aria-hidden="true" className={styles.icon} />
      <p className={styles.title}>{title}</p>
      {children ? <div className={styles.text}>{children}</div> : null}
    </div>
  );
}

/** An error message with a retry button. */
export function ErrorNote({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const text = useText();
  const unreachable = error instanceof ApiProblem && error.code === UNREACHABLE;
  return (
    <div className={styles.note} role="alert">
      <CircleAlert size={22} aria-hidden="true" className={styles.critical} />
      <p className={styles.title}>{unreachable ? text('error.unreachable') : titleOf(error, text)}</p>
      <div className={styles.text}>
        <p>{unreachable ? text('error.unreachable_hint') : messageOf(error)}</p>
        {error instanceof ApiProblem && error.fields.length > 0 ? (
          <ul>
            {error.fields.map(({ field, detail }) => (
              <li key={field + detail}>
                <code>{field}</code> {detail}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
      {onRetry ? (
        <Button icon={RotateCw} onClick={onRetry}>
          {text('action.retry')}
        </Button>
      ) : null}
    </div>
  );
}

/** A one-line warning above content. */
export function WarningLine({ children }: { readonly children: ReactNode }) {
  return (
    <p className={styles.warning}>
      <TriangleAlert size={16} aria-hidden="true" />
      <span>{children}</span>
    </p>
  );
}

function titleOf(error: unknown, text: Text): string {
  const otherwise = text('error.title');
  return error instanceof ApiProblem ? knownText(text, 'problem', error.code, otherwise) : otherwise;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
