import type { MessageKey, Text } from './lookup.ts';

/** Groups of messages for names that the API sends. */
type Group = 'band' | 'feature' | 'job' | 'metric' | 'model' | 'problem';

/** The text of a name that the API sends, or `otherwise` for a name that this version of the app does not know, such as a user's own. */
export function knownText(text: Text, group: Group, name: string, otherwise: string): string {
  const key = `${group}.${name}`;
  const found = text(key as MessageKey);
  return found === key ? otherwise : found;
}

/** Label of a metric: that of the catalogue in the reader's language, a user's own as written. */
export function metricText(text: Text, name: string, label: string): string {
  const string = /^solar\.string(\d+)_(power_kw|voltage_v|current_a)$/.exec(name);
  if (string === null) return knownText(text, 'metric', name, label);
  // biome-ignore lint/plugin: the messages of all quantities of a string take the same parameter
  return text(`metric.solar.string_${string[2] as 'power_kw'}`, { number: string[1]! });
}

/** Band of a tariff: those that the service names itself in the reader's language, a user's own as written. */
export function bandText(text: Text, band: string): string {
  const tier = /^tier (\d+)$/.exec(band);
  return tier ? text('band.tier', { number: tier[1]! }) : knownText(text, 'band', band, band);
}
