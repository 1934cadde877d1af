import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { en } from './en.ts';

export type MessageKey = keyof typeof en;
/** The forms of a message by plural category (Unicode CLDR); a language has those that its rules name. `{count}` decides. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };
/** One language's version of English messages: texts where those are texts, plurals where they are plurals. */
export type Translated<English> = { readonly [Key in keyof English]: English[Key] extends string ? string : Plural };
/** Every message in one language; a missing or superfluous one does not compile. */
export type Messages = Translated<typeof en>;
export type MessageValues = Readonly<Record<string, string | number>>;
/** `count` is a number, since it chooses the plural; anything else is a text already. */
type Checked<Values> = { readonly [Name in keyof Values]: Name extends 'count' ? number : string };
/** A message with its `{names}` filled in. */
export type Text = <Values extends MessageValues>(key: MessageKey, values?: Values & Checked<Values>) => string;

/** The lookup of one language. A name that the values lack stays visible, in braces. */
export function textOf(messages: Messages, language: string): Text {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (key, values?: MessageValues) => {
    // A name from the API may be no key.
    const message: string | Plural = ownValue<string | Plural>(messages, key) ?? key;
    const count = Number(values?.count);
    const form = typeof message === 'string' ? message : (message[rules.select(count)] ?? message.other);
    if (!values) return form;
    return form.replace(/\{(\w+)\}/g, (hole, name: string) => {
      const value = ownValue(values, name);
      return typeof value === 'number' ? numbers.format(value) : String(value ?? hole);
    });
  };
}
