import { FileUp } from 'lucide-react';
import { type DragEvent, useId, useState } from 'react';
import { useText } from '../../app-context.tsx';
import { buttonClass } from '../../ui/controls/button.tsx';
import styles from './import.module.css';

/** Accepts a file by selection or drag and drop. */
export function FileField({ onFile }: { readonly onFile: (file: File) => void }) {
  const text = useText();
  const id = useId();
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file) onFile(file);
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an alternative; the field inside works with the keyboard
    <div
      className={styles.drop}
      data-over={isOver || undefined}
      onDragOver={over}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <label htmlFor={id} className={buttonClass('primary')}>
        <FileUp size={16} aria-hidden="true" />
        {text('import.choose')}
      </label>
      <input
        id={id}
        type="file"
        className="visually-hidden"
        onChange={({ target }) => {
          const [file] = target.files ?? [];
          if (file) onFile(file);
        }}
      />
      <p>{text('import.drop')}</p>
    </div>
  );
}
