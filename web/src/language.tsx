import { type ReactNode, Suspense, use, useEffect } from 'react';
import { TextContext, usePreferences } from './app-context.tsx';
import type { Language } from './data/preferences.ts';
import { loadMessages } from './messages/catalogues.ts';
import { type Text, textOf } from './messages/lookup.ts';

const loading = new Map<Language, Promise<Text>>();

/** Provides the app's texts, and sets language and theme of the document. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  return (
    <Suspense>
      <Words>{children}</Words>
    </Suspense>
  );
}

function Words({ children }: { readonly children: ReactNode }) {
  const { language, theme } = usePreferences();
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return <TextContext value={use(words(language))}>{children}</TextContext>;
}

function words(language: Language): Promise<Text> {
  let promise = loading.get(language);
  if (!promise) {
    promise = loadMessages(language).then((messages) => textOf(messages, language));
    loading.set(language, promise);
  }
  return promise;
}
