import { ArrowDown, ArrowUp } from 'lucide-react';
import { useText } from '../../app-context.tsx';
import type { MessageKey } from '../../messages/lookup.ts';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { Toggle } from '../../ui/controls/toggle.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { messageOf, WarningLine } from '../../ui/feedback/notice.tsx';
import { type Card, moveCard, readLayout, showCard } from './layout.ts';
import styles from './now.module.css';
import { useLayout } from './use-layout.ts';

export const CARD_TITLES: Record<Card, MessageKey> = {
  flow: 'now.flow',
  energy: 'now.energy_today',
  money: 'now.money_today',
  independence: 'now.independence',
  carbon: 'now.carbon_today',
  curve: 'now.curve',
};

/** Order and selection of the cards on Now. */
export function ArrangeDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const text = useText();
  const { layout, save } = useLayout();
  return (
    <Modal
      open={open}
      onClose={onClose}
      title={text('arrange.title')}
      description={text('arrange.hint')}
      footer={
        <>
          <Button kind="quiet" onClick={() => save.mutate(readLayout(null))}>
            {text('arrange.reset')}
          </Button>
          <Button kind="primary" onClick={onClose}>
            {text('action.done')}
          </Button>
        </>
      }
    >
      {save.isError ? <WarningLine>{messageOf(save.error)}</WarningLine> : null}
      <ol className={styles.arrange}>
        {layout.order.map((card, index) => {
          const title = text(CARD_TITLES[card]);
          return (
            <li key={card}>
              <Toggle
                label={text('arrange.show', { card: title })}
                checked={!layout.hidden.includes(card)}
                onChange={(shown) => save.mutate(showCard(layout, card, shown))}
              />
              <span>{title}</span>
              <IconButton
                icon={ArrowUp}
                label={text('arrange.up', { card: title })}
                disabled={index === 0}
                onClick={() => save.mutate(moveCard(layout, card, -1))}
              />
              <IconButton
                icon={ArrowDown}
                label={text('arrange.down', { card: title })}
                disabled={index === layout.order.length - 1}
                onClick={() => save.mutate(moveCard(layout, card, 1))}
              />
            </li>
          );
        })}
      </ol>
    </Modal>
  );
}
