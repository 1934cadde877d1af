import { EVENT_TOPICS, LIVE_CLOSE } from '@wattkeeper/contract/live.ts';

/** The description of the live stream in the OpenAPI document; docs/live-stream.md states the limits and their reasons. */
export const STREAM_DESCRIPTION = `A WebSocket that sends new values and events as they arrive. A plain HTTP request is answered with an error.

**Messages** are JSON texts: the client sends \`LiveClientMessage\` (\`subscribe\`, \`unsubscribe\`, \`ping\`), the service sends \`LiveServerMessage\` (\`snapshot\`, \`readings\`, \`event\`, \`error\`, \`pong\`), both among the schemas of this document. Example: \`{"type":"subscribe","topics":["readings:*","jobs"]}\`. After a reconnect, give the newest \`id\` as \`since\`.

**Topics**: \`readings:DEVICE\` (id or name), \`readings:*\` (all devices), ${[...EVENT_TOPICS].map((topic) => `\`${topic}\``).join(', ')}. Events of \`devices\` and \`sites\` have no content: ask for the list.

**Close codes**:
- ${LIVE_CLOSE.stopping}: the service stops; connect again
- ${LIVE_CLOSE.tooManyMessages}: too many messages, or not WebSocket as it should be; connect again later
- 1009: a message was too large; split it
- ${LIVE_CLOSE.unavailable}: the rights cannot be read at present; connect again later
- ${LIVE_CLOSE.signedOut}: the session or token was revoked, expired, or its user was removed; sign in
- ${LIVE_CLOSE.rightsChanged}: the user or token has fewer rights than before; connect again with those that are left
- ${LIVE_CLOSE.tooSlow}: the client did not read a message for 30 s; connect again`;
