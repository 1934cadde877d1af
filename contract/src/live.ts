import { z } from 'zod';
import { isName } from './names.ts';

/**
 * The live stream (`GET /api/v1/stream`, WebSocket).
 * The client subscribes to topics and gets a snapshot of each, then changes. Changes that a client has yet to receive are merged: of readings it
 * gets the newest values, and where events were left out it gets the topic's snapshot again.
 */
export const Topic = z.string().refine(isTopic, {
  error: ({ input }) =>
    UNPUBLISHED.has(String(input))
      ? `nothing is published on ${input} yet; topics are ${TOPICS_SHOWN}`
      : `must be ${TOPICS_SHOWN}`,
});

const TOPICS_SHOWN = 'readings:{device}, readings:*, devices, sites, anomalies, jobs and health';
/** Topics of features that do not exist yet: a client that waited for them would wait for ever. */
const UNPUBLISHED: ReadonlySet<string> = new Set(['insights', 'alerts', 'schedule']);

const READINGS = 'readings:';
const EVENT_TOPICS: ReadonlySet<string> = new Set(['devices', 'sites', 'anomalies', 'jobs', 'health']);

function isTopic(topic: string): boolean {
  return topic.startsWith(READINGS) ? isName(topic.slice(READINGS.length)) : EVENT_TOPICS.has(topic);
}

/** Topics that a client can subscribe to, all messages together. `readings:*` counts as one. */
export const MAX_TOPICS_PER_CLIENT = 1_000;

const Topics = z.array(Topic).min(1).max(MAX_TOPICS_PER_CLIENT);

export const ClientMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('subscribe'),
    topics: Topics,
    since: z
      .number()
      .int()
      .optional()
      .meta({ description: 'Newest id received before a reconnect: the events after it follow, or else a snapshot' }),
  }),
  z.object({ type: z.literal('unsubscribe'), topics: Topics }),
  z.object({ type: z.literal('ping') }),
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

/** Latest values of one device; `values` holds only what changed since the message before, except in a snapshot. */
export const LiveReading = z.object({
  device_id: z.uuid(),
  timestamp: z.number().meta({ description: 'Epoch milliseconds' }),
  values: z.record(z.string(), z.number()),
});
export type LiveReading = z.infer<typeof LiveReading>;

const Id = z
  .number()
  .int()
  .meta({ description: 'All events up to it were sent. Never falls; send the newest as since' });

export const ServerMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('snapshot'),
    id: Id,
    topic: z.string(),
    data: z.unknown(),
    more: z.boolean().optional().meta({ description: 'The snapshot continues in another message' }),
  }),
  z.object({ type: z.literal('readings'), id: Id, items: z.array(LiveReading) }),
  z.object({ type: z.literal('event'), id: Id, topic: z.string(), data: z.unknown() }),
  z.object({ type: z.literal('error'), id: Id, code: z.string(), detail: z.string() }),
  z.object({ type: z.literal('pong'), id: Id }),
]);
export type ServerMessage = z.infer<typeof ServerMessage>;

/** Why the server closes a stream, as WebSocket close codes; the reason is a sentence for people. */
export const LIVE_CLOSE = {
  /** The service stops: connect again. */
  stopping: 1001,
  /** More messages than a client may send: connect again later. */
  tooManyMessages: 1008,
  /** The rights cannot be checked at present: connect again later. */
  unavailable: 1013,
  /** The session or token has ended: sign in first. */
  signedOut: 4401,
  /** The caller has fewer rights than before: connect again with those that are left. */
  rightsChanged: 4403,
  /** What was sent was not read: connect again. */
  tooSlow: 4408,
} as const;
