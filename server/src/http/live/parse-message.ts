import { ClientMessage } from '@wattkeeper/contract/live.ts';
import { messageOf } from '../../domain/errors.ts';

const MAX_ISSUES_SHOWN = 3;

/** Parses a client's message; returns the message or the error. */
export function parseMessage(text: string): ClientMessage | { error: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { error: `a message must be JSON: ${messageOf(error)}` };
  }
  const parsed = ClientMessage.safeParse(json);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const shown = issues.slice(0, MAX_ISSUES_SHOWN).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const others = issues.length - shown.length;
  return { error: `${shown.join('; ')}${others > 0 ? `; and ${others} others` : ''}` };
}
