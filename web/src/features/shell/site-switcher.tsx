import { useNavigate } from '@tanstack/react-router';
import type { Site } from '@wattkeeper/contract/site.ts';
import { Check, ChevronsUpDown, House } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useServices, useText } from '../../app-context.tsx';
import styles from './menu.module.css';

interface SiteSwitcherProps {
  readonly sites: readonly Site[];
  readonly current: Site | undefined;
}

/** The name of the current site; a menu when there are several. */
export function SiteSwitcher({ sites, current }: SiteSwitcherProps) {
  const text = useText();
  const navigate = useNavigate();
  const { preferences } = useServices();
  if (!current) return null;
  if (sites.length < 2) return <p className={styles.site}>{current.name}</p>;
  const choose = (id: string) => {
    preferences.set({ siteId: id });
    // The other search parameters name devices and days of the previous site.
    void navigate({ to: '.', search: { site: id } });
  };
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className={styles.trigger} aria-label={text('site.choose', { name: current.name })}>
        <House size={16} aria-hidden="true" />
        <span className={styles.name}>{current.name}</span>
        <ChevronsUpDown size={14} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align="start" sideOffset={6} collisionPadding={8}>
          <DropdownMenu.RadioGroup value={current.id} onValueChange={choose}>
            {sites.map((site) => (
              <DropdownMenu.RadioItem key={site.id} value={site.id} className={styles.item}>
                <span className={styles.tick}>
                  <DropdownMenu.ItemIndicator>
                    <Check size={16} aria-hidden="true" />
                  </DropdownMenu.ItemIndicator>
                </span>
                {site.name}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
