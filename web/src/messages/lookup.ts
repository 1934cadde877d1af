import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { en } from './en.ts';

export type MessageKey = keyof typeof en;
/** Every message in one language; a missing or superfluous one does not compile. */
export type Messages = Readonly<Record<MessageKey, string>>;
export type MessageValues = Readonly<Record<string, string | number>>;
/** A message with its `{names}` filled in. */
export type Text = (key: MessageKey, values?: MessageValues) => string;

/** The lookup of one language. A name that the values lack stays visible, in braces. */
export function textOf(messages: Messages): Text {
  return (key, values) => {
    const message = messages[key];
    if (!values) return message;
    return message.replace(/\{(\w+)\}/g, (hole, name: string) => String(ownValue(values, name) ?? hole));
  };
}
