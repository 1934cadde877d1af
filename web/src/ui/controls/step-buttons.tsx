import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useText } from '../../app-context.tsx';
import { IconButton } from './button.tsx';
import styles from './step-buttons.module.css';

interface StepButtonsProps {
  /** The current period is the last one. */
  readonly isLast: boolean;
  readonly onStep: (by: -1 | 1) => void;
}

/** Buttons for the previous and next period, side by side at every width. */
export function StepButtons({ isLast, onStep }: StepButtonsProps) {
  const text = useText();
  return (
    <span className={styles.steps}>
      <IconButton icon={ChevronLeft} label={text('range.earlier')} onClick={() => onStep(-1)} />
      <IconButton icon={ChevronRight} label={text('range.later')} disabled={isLast} onClick={() => onStep(1)} />
    </span>
  );
}
