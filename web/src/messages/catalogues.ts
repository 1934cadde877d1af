import type { Language } from '../data/preferences.ts';
import type { Messages } from './lookup.ts';

const CATALOGUES: Record<Language, () => Promise<Messages>> = {
  en: async () => (await import('./en.ts')).en,
  de: async () => (await import('./de.ts')).de,
  pl: async () => (await import('./pl.ts')).pl,
};

/** Fetches the catalogue of one language, and none of the others. */
export function loadMessages(language: Language): Promise<Messages> {
  return CATALOGUES[language]();
}
