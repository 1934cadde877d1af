import { type ComponentProps, type ReactNode, useId } from 'react';
import styles from './field.module.css';

interface FieldFrame {
  readonly label: string;
  readonly hint?: string | undefined;
  /** Error of the value, shown under the field. */
  readonly error?: string | undefined;
  /** Unit, shown inside the field after the value. */
  readonly unit?: string | undefined;
}

/** A labelled text or number field. */
export function TextField({ label, hint, error, unit, ...input }: FieldFrame & ComponentProps<'input'>) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(ids) => (
        <span className={styles.box}>
          <input autoComplete="off" {...input} {...ids} className={styles.input} />
          {unit ? <span className={styles.unit}>{unit}</span> : null}
        </span>
      )}
    </Frame>
  );
}

/** A labelled text area. */
export function AreaField({ label, hint, error, ...area }: FieldFrame & ComponentProps<'textarea'>) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(ids) => <textarea spellCheck={false} {...area} {...ids} className={`${styles.input} ${styles.area}`} />}
    </Frame>
  );
}

/** A labelled select field. */
export function SelectField({ label, hint, error, children, ...select }: FieldFrame & ComponentProps<'select'>) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(ids) => (
        <select {...select} {...ids} className={styles.input}>
          {children}
        </select>
      )}
    </Frame>
  );
}

interface ControlIds {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

function Frame({ label, hint, error, children }: FieldFrame & { readonly children: (ids: ControlIds) => ReactNode }) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': note ? `${id}-note` : undefined,
        'aria-invalid': error ? true : undefined,
      })}
      {note ? (
        <p id={`${id}-note`} className={error ? styles.error : styles.hint}>
          {note}
        </p>
      ) : null}
    </div>
  );
}

/** A labelled check box. */
export function CheckField({ label, ...input }: { readonly label: string } & Omit<ComponentProps<'input'>, 'type'>) {
  return (
    <label className={styles.check}>
      <input type="checkbox" {...input} />
      <span>{label}</span>
    </label>
  );
}
