import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useText } from '../../app-context.tsx';
import { IconButton } from './button.tsx';
import styles from './step-buttons.module.css';

interface StepButtonsProps {
  /** Nothing comes after the period in view. */
  readonly isLast: boolean;
  readonly onStep: (by: -1 | 1) => void;
}

/** The ways to the period before and after, which stay side by side at every width. */
export function StepButtons({ isLast, onStep }: StepButtonsProps) {
  const text = useText();
  return (
    <span className={styles.steps}>
      <IconButton icon={ChevronLeft} label={text('range.earlier')} onClick={() => onStep(-1)} />
      <IconButton icon={ChevronRight} label={text('range.later')} disabled={isLast} onClick={() => onStep(1)} />
    </span>
  );
}
