import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { signOut } from '@wattkeeper/contract/endpoints/access.ts';
import { Check, LogOut, Settings2 } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { usePreferences, useServices, useText } from '../../app-context.tsx';
import { LANGUAGES, type Language, THEMES } from '../../data/preferences.ts';
import type { MessageKey } from '../../messages/lookup.ts';
import styles from './menu.module.css';

const THEME_NAMES: Record<(typeof THEMES)[number], MessageKey> = {
  system: 'theme.system',
  light: 'theme.light',
  dark: 'theme.dark',
};

/** Each in its own language. */
const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', de: 'Deutsch', pl: 'Polski' };

/** Theme, language and sign-out. */
export function PreferencesMenu() {
  const text = useText();
  const { preferences } = useServices();
  const { theme, language } = usePreferences();
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className={styles.trigger} aria-label={text('menu.label')}>
        <Settings2 size={18} aria-hidden="true" />
        <span className={styles.wide}>{text('menu.label')}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align="start" sideOffset={6} collisionPadding={8}>
          <Choice
            label={text('menu.theme')}
            value={theme}
            options={THEMES.map((value) => ({ value, label: text(THEME_NAMES[value]) }))}
            onChange={(value) => preferences.set({ theme: value })}
          />
          <DropdownMenu.Separator className={styles.separator} />
          <Choice
            label={text('menu.language')}
            value={language}
            options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
            onChange={(value) => preferences.set({ language: value })}
          />
          <DropdownMenu.Separator className={styles.separator} />
          <SignOut />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
}

function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
      <DropdownMenu.Label className={styles.label}>{label}</DropdownMenu.Label>
      {options.map((option) => (
        <DropdownMenu.RadioItem key={option.value} value={option.value} className={styles.item}>
          <span className={styles.tick}>
            <DropdownMenu.ItemIndicator>
              <Check size={16} aria-hidden="true" />
            </DropdownMenu.ItemIndicator>
          </span>
          {option.label}
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

function SignOut() {
  const text = useText();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const { api, queries, live } = useServices();
  const me = useQuery(queries.me());
  const leave = useMutation({
    mutationFn: () => api.call(signOut),
    onSuccess: async () => {
      live.close();
      api.csrfToken = null;
      await navigate({ to: '/sign-in' });
      queryClient.clear();
    },
  });
  return (
    <DropdownMenu.Item className={styles.item} onSelect={() => leave.mutate()}>
      <span className={styles.tick}>
        <LogOut size={16} aria-hidden="true" />
      </span>
      <span>
        {text('menu.sign_out')}
        <span className={styles.who}>{me.data?.username}</span>
      </span>
    </DropdownMenu.Item>
  );
}
