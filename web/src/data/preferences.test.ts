import { describe, expect, it } from 'vitest';
import { PreferenceStore } from './preferences.ts';

function memory(initial?: string) {
  let kept = initial ?? null;
  return {
    getItem: () => kept,
    setItem: (_: string, value: string) => {
      kept = value;
    },
  };
}

describe('PreferenceStore', () => {
  it("starts with the browser's language where the app speaks it", () => {
    expect(new PreferenceStore(memory(), ['fr-FR', 'de-AT']).get().language).toBe('de');
    expect(new PreferenceStore(memory(), ['fr']).get().language).toBe('en');
  });

  it('stores a choice and notifies its listeners', () => {
    const storage = memory();
    const store = new PreferenceStore(storage, ['en']);
    let notifications = 0;
    store.subscribe(() => notifications++);
    store.set({ theme: 'dark' });
    expect(notifications).toBe(1);
    expect(new PreferenceStore(storage, ['en']).get().theme).toBe('dark');
  });

  it('uses the language of the installation until the user chooses one', () => {
    const storage = memory();
    const store = new PreferenceStore(storage, ['en']);
    store.set({ theme: 'dark', siteId: 'a' });
    store.suggestLanguage('pl');
    expect(store.get()).toEqual({ theme: 'dark', language: 'pl', siteId: 'a' });
    store.set({ language: 'de' });
    store.suggestLanguage('pl');
    expect(new PreferenceStore(storage, ['en']).get().language).toBe('de');
  });

  it('ignores unreadable stored preferences', () => {
    expect(new PreferenceStore(memory('not json'), ['en']).get().theme).toBe('system');
    expect(new PreferenceStore(memory('{"theme":"pink","language":"xx"}'), ['pl']).get()).toEqual({
      theme: 'system',
      language: 'pl',
      siteId: null,
    });
  });
});
