import { expect, it } from 'vitest';
import { LANGUAGES } from '../data/preferences.ts';
import { loadMessages } from './catalogues.ts';
import { en } from './en.ts';
import type { MessageKey } from './lookup.ts';

const holesOf = (message: string) => [...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
const keys = Object.keys(en) as MessageKey[];

it.each(LANGUAGES)('%s has every message, with the same names to fill in', async (language) => {
  const messages = await loadMessages(language);
  expect(Object.keys(messages).sort()).toEqual([...keys].sort());
  for (const key of keys) expect([key, holesOf(messages[key])]).toEqual([key, holesOf(en[key])]);
  for (const key of keys) expect([key, messages[key].trim()]).not.toEqual([key, '']);
});

it('no sentence was left in English', async () => {
  const sentences = keys.filter((key) => en[key].split(' ').length >= 5);
  for (const language of ['de', 'pl'] as const) {
    const messages = await loadMessages(language);
    expect(sentences.filter((key) => messages[key] === en[key])).toEqual([]);
  }
});
