import { Link } from '@tanstack/react-router';
import { FileUp, KeyRound } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { useServices, useText } from '../../app-context.tsx';
import type { MessageKey } from '../../messages/lookup.ts';
import { buttonClass } from '../../ui/controls/button.tsx';
import { CopyBlock } from '../../ui/controls/copy.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import tabStyles from '../../ui/layout/tabs.module.css';
import { type ConnectWay, connectCommands } from './connect-commands.ts';
import styles from './now.module.css';

const TITLES: Record<ConnectWay, { label: MessageKey; hint: MessageKey }> = {
  http: { label: 'connect.http', hint: 'connect.http_hint' },
  line: { label: 'connect.line', hint: 'connect.line_hint' },
  csv: { label: 'connect.csv', hint: 'connect.csv_hint' },
};

/** How to send readings: commands ready to run, with the server's address. */
export function ConnectDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const text = useText();
  const { location } = useServices();
  const commands = connectCommands(`${location.origin}${location.prefix}`);
  return (
    <Modal open={open} onClose={onClose} title={text('connect.title')} description={text('connect.intro')} wide>
      <div className={styles.connect}>
        <p>
          {text('connect.token')}{' '}
          <Link to="/system" search={{ tab: 'access' }} className={buttonClass('plain')} onClick={onClose}>
            <KeyRound size={16} aria-hidden="true" />
            {text('connect.create_token')}
          </Link>
        </p>
        <p>
          <Link to="/import" className={buttonClass('plain')} onClick={onClose}>
            <FileUp size={16} aria-hidden="true" />
            {text('import.title')}
          </Link>
        </p>
        <Tabs.Root defaultValue={commands[0]!.way}>
          <Tabs.List className={tabStyles.list} aria-label={text('connect.title')}>
            {commands.map(({ way }) => (
              <Tabs.Trigger key={way} value={way} className={tabStyles.tab}>
                {text(TITLES[way].label)}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          {commands.map(({ way, command }) => (
            <Tabs.Content key={way} value={way} className={styles.way}>
              <p>{text(TITLES[way].hint)}</p>
              <CopyBlock value={command} label={text(TITLES[way].label)} />
            </Tabs.Content>
          ))}
        </Tabs.Root>
      </div>
    </Modal>
  );
}
