import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../data/preferences.ts';
import { loadMessages } from './catalogues.ts';
import { en } from './en.ts';
import { type MessageKey, type Messages, type Plural, textOf } from './lookup.ts';

const holesOf = (form: string) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
const formsOf = (message: string | Plural) => (typeof message === 'string' ? [message] : Object.values(message));
const keys = Object.keys(en) as MessageKey[];
/** Names that texts are filled in for: no word beside them changes with what they hold. A number of things is `count`. */
const TEXTS = new Set(
  `after age amount before bucket card column cost day detail device end energy free from high low machine metric model name names number percent place position r2 reason
  search series share site start store time title total type uptime use value verdict version year zone`.split(/\s+/),
);
/** Numbers beside the one that decides. */
const BESIDE_COUNT = new Set(['left', 'most', 'shown', 'taken']);

describe.each(LANGUAGES)('%s', (language) => {
  it('has every message, with the same names to fill in', async () => {
    const messages = await loadMessages(language);
    expect(Object.keys(messages).sort()).toEqual([...keys].sort());
    const allOf = (message: string | Plural) => [...new Set(formsOf(message).flatMap(holesOf))].sort();
    for (const key of keys) expect([key, allOf(messages[key])]).toEqual([key, allOf(en[key])]);
    for (const form of Object.values(messages).flatMap(formsOf)) expect(form.trim()).not.toBe('');
  });

  it('puts no count into a message without the plural forms of the language', async () => {
    const messages = await loadMessages(language);
    const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
    for (const key of keys) {
      const message: string | Plural = messages[key];
      if (typeof message === 'string') {
        expect([key, holesOf(message).filter((name) => !TEXTS.has(name))]).toEqual([key, []]);
      } else {
        expect([key, Object.keys(message).sort()]).toEqual([key, [...pluralCategories].sort()]);
        const [first, ...beside] = [...new Set(formsOf(message).flatMap(holesOf))].sort();
        expect([key, first]).toEqual([key, 'count']);
        expect([key, beside.filter((name) => !TEXTS.has(name) && !BESIDE_COUNT.has(name))]).toEqual([key, []]);
      }
    }
  });
});

it('chooses the plural by the rules of the language, and writes the count as the language does', async () => {
  const days = async (language: (typeof LANGUAGES)[number]) => {
    const text = textOf(await loadMessages(language), language);
    return [1, 2, 5, 22, 12_345].map((count) => text('system.in_days', { count }));
  };
  expect(await days('en')).toEqual(['in 1 day', 'in 2 days', 'in 5 days', 'in 22 days', 'in 12,345 days']);
  expect(await days('de')).toEqual(['in 1 Tag', 'in 2 Tagen', 'in 5 Tagen', 'in 22 Tagen', 'in 12.345 Tagen']);
  expect(await days('pl')).toEqual(['za 1 dzień', 'za 2 dni', 'za 5 dni', 'za 22 dni', 'za 12\u00a0345 dni']);
});

it('no sentence was left in English', async () => {
  const english: Messages = en;
  const long = keys.filter((key) => formsOf(english[key]).some((form) => form.split(' ').length >= 5));
  for (const language of ['de', 'pl'] as const) {
    const messages = await loadMessages(language);
    expect(long.filter((key) => JSON.stringify(messages[key]) === JSON.stringify(en[key]))).toEqual([]);
  }
});
