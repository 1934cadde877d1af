/** Preferences stored in the browser. Same key as public/theme.js. */
const STORAGE_KEY = 'wattkeeper.preferences';

export type Theme = 'system' | 'light' | 'dark';
export type Language = 'en' | 'de' | 'pl';
export const LANGUAGES: readonly Language[] = ['en', 'de', 'pl'];
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
  /** Id of the site viewed last; null at first. */
  readonly siteId: string | null;
}

type Keeper = Pick<Storage, 'getItem' | 'setItem'>;

/** Theme, language and last site, stored in the browser; works without storage, too. */
export class PreferenceStore {
  readonly #storage: Keeper | null;
  readonly #listeners = new Set<() => void>();
  #chosen: Partial<Preferences>;
  #value: Preferences;

  constructor(storage: Keeper | null, languages: readonly string[]) {
    this.#storage = storage;
    this.#chosen = restored(storage);
    this.#value = { theme: 'system', language: preferredLanguage(languages), siteId: null, ...this.#chosen };
  }

  readonly get = (): Preferences => this.#value;

  set(change: Partial<Preferences>): void {
    this.#chosen = { ...this.#chosen, ...change };
    try {
      this.#storage?.setItem(STORAGE_KEY, JSON.stringify(this.#chosen));
    } catch {
      // Storage is full or denied: the choice applies until the page is closed.
    }
    this.#show({ ...this.#value, ...change });
  }

  /** The language of the installation, for a user who has not chosen one. */
  suggestLanguage(language: Language): void {
    if (this.#chosen.language === undefined && language !== this.#value.language)
      this.#show({ ...this.#value, language });
  }

  #show(value: Preferences): void {
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

function restored(storage: Keeper | null): Partial<Preferences> {
  let kept: unknown;
  try {
    kept = JSON.parse(storage?.getItem(STORAGE_KEY) ?? '{}');
  } catch {
    return {};
  }
  if (typeof kept !== 'object' || kept === null) return {};
  const { theme, language, siteId } = kept as Record<string, unknown>;
  return {
    ...(THEMES.includes(theme as Theme) ? { theme: theme as Theme } : {}),
    ...(LANGUAGES.includes(language as Language) ? { language: language as Language } : {}),
    ...(typeof siteId === 'string' ? { siteId } : {}),
  };
}

function preferredLanguage(languages: readonly string[]): Language {
  for (const tag of languages) {
    const language = tag.slice(0, 2).toLowerCase() as Language;
    if (LANGUAGES.includes(language)) return language;
  }
  return 'en';
}
