import type { ApiClient } from '@wattkeeper/contract/client.ts';
import { createContext, useContext, useMemo, useSyncExternalStore } from 'react';
import type { LiveClient } from './data/live.ts';
import type { ServerLocation } from './data/location.ts';
import type { PreferenceStore, Preferences } from './data/preferences.ts';
import type { Queries } from './data/queries.ts';
import type { Text } from './messages/lookup.ts';
import { type FormatSettings, Formatter } from './ui/format.ts';
import { useMedia } from './ui/hooks/use-media.ts';

/** The objects that every page uses; created once at the start. */
export interface AppServices {
  readonly location: ServerLocation;
  readonly api: ApiClient;
  readonly queries: Queries;
  readonly live: LiveClient;
  readonly preferences: PreferenceStore;
}

export const ServicesContext = createContext<AppServices | null>(null);
export const TextContext = createContext<Text | null>(null);
export const FormatContext = createContext<FormatSettings>({ language: 'en', timeZone: 'UTC', currency: 'EUR' });

export function useServices(): AppServices {
  return required(useContext(ServicesContext), 'ServicesContext');
}

export function useQueries(): Queries {
  return useServices().queries;
}

export function useText(): Text {
  return required(useContext(TextContext), 'TextContext');
}

/** Formats numbers and times for the current site and the user's language. */
export function useFormat(): Formatter {
  const settings = useContext(FormatContext);
  return useMemo(() => new Formatter(settings), [settings]);
}

export function usePreferences(): Preferences {
  const { preferences } = useServices();
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}

/** The active theme: the user's choice, else the system's. */
export function useTheme(): 'light' | 'dark' {
  const { theme } = usePreferences();
  const dark = useMedia('(prefers-color-scheme: dark)');
  if (theme !== 'system') return theme;
  return dark ? 'dark' : 'light';
}

/** Whether the user prefers reduced motion. */
export function useReducedMotion(): boolean {
  return useMedia('(prefers-reduced-motion: reduce)');
}

function required<T>(value: T | null, name: string): T {
  if (value === null) throw new Error(`${name} is used outside its provider`);
  return value;
}
