import { z } from 'zod';
import { DeviceId } from './fields.ts';
import { isName } from './names.ts';

/**
 * The live stream (`GET /api/v1/stream`, WebSocket).
 * The client subscribes to topics and gets a snapshot of each, then changes. Pending changes are merged: for readings, the client
 * receives the newest values; after omitted events it receives the topic's snapshot again.
 */
export const Topic = z
  .string()
  .refine(isTopic, {
    error: ({ input }) =>
      UNPUBLISHED.has(String(input))
        ? `nothing is published on ${input} yet; topics are ${TOPICS_SHOWN}`
        : `must be ${TOPICS_SHOWN}`,
  })
  .meta({
    description:
      'readings:DEVICE (id or name) or readings:* (all devices): changed values · devices, sites: changes of the list · anomalies · jobs · health',
    examples: ['readings:*', 'jobs'],
  });

const TOPICS_SHOWN = 'readings:{device}, readings:*, devices, sites, anomalies, jobs and health';
/** Topics of features that do not exist yet: a subscriber would wait forever. */
const UNPUBLISHED: ReadonlySet<string> = new Set(['insights', 'alerts', 'schedule']);

const READINGS = 'readings:';
/** Topics of events, in addition to those of readings. */
export const EVENT_TOPICS: ReadonlySet<string> = new Set(['devices', 'sites', 'anomalies', 'jobs', 'health']);

function isTopic(topic: string): boolean {
  return topic.startsWith(READINGS) ? isName(topic.slice(READINGS.length)) : EVENT_TOPICS.has(topic);
}

/** Maximum number of topics per client, over all its messages. `readings:*` counts as one. */
export const MAX_TOPICS_PER_CLIENT = 1_000;

const Topics = z.array(Topic).min(1).max(MAX_TOPICS_PER_CLIENT).meta({ description: 'Topics of the live stream' });

export const ClientMessage = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('subscribe').meta({ description: 'Subscribe to topics: a snapshot of each, then its changes' }),
      topics: Topics,
      since: z.number().int().optional().meta({
        description:
          'Newest id received before a reconnect: the events after it follow, or a snapshot if they are no longer available',
      }),
    }),
    z.object({ type: z.literal('unsubscribe').meta({ description: 'Unsubscribe from topics' }), topics: Topics }),
    z.object({ type: z.literal('ping').meta({ description: 'Request a pong' }) }),
  ])
  .meta({ id: 'LiveClientMessage', description: 'Message of a client of the live stream, as JSON text' });
export type ClientMessage = z.infer<typeof ClientMessage>;

/** Latest values of one device; `values` has only the changes since the previous message, except in a snapshot. */
export const LiveReading = z
  .object({
    device_id: DeviceId,
    timestamp: z
      .number()
      .meta({ description: 'Instant of the values, milliseconds since 1970-01-01T00:00Z', examples: [1774778400000] }),
    values: z
      .record(z.string(), z.number())
      .meta({ description: 'Value by metric, in the unit of the metric', examples: [{ 'solar.power_kw': 3.2 }] }),
  })
  .meta({ id: 'LiveReading', description: 'Values of one device at one instant' });
export type LiveReading = z.infer<typeof LiveReading>;

const Id = z
  .number()
  .int()
  .meta({
    description:
      'Position in the stream: all events up to it were sent. It never decreases; send the newest one as since',
    examples: [1774778400123],
  });

const SentTopic = z.string().meta({ description: 'Topic that the client subscribed to', examples: ['jobs'] });

export const ServerMessage = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('snapshot').meta({ description: 'The state of a topic' }),
      id: Id,
      topic: SentTopic,
      data: z.unknown().meta({
        description:
          'readings: a list of LiveReading · jobs: a list of Job · anomalies: a list of ongoing Anomaly · health: a Health · devices, sites: null',
      }),
      more: z
        .boolean()
        .optional()
        .meta({ description: 'True: the snapshot continues in another message of the topic' }),
    }),
    z.object({
      type: z.literal('readings').meta({ description: 'Values that changed since the previous message' }),
      id: Id,
      items: z.array(LiveReading).meta({ description: 'One or more entries per device' }),
    }),
    z.object({
      type: z.literal('event').meta({ description: 'An event of a topic' }),
      id: Id,
      topic: SentTopic,
      data: z
        .unknown()
        .meta({ description: 'jobs: a Job · anomalies: an Anomaly · health: a Health · devices, sites: null' }),
    }),
    z.object({
      type: z.literal('error').meta({ description: 'A message of the client was rejected' }),
      id: Id,
      code: z.string().meta({ description: 'Stable code of the error', examples: ['invalid_input'] }),
      detail: z.string().meta({ description: 'The error, in a sentence' }),
    }),
    z.object({ type: z.literal('pong').meta({ description: 'Answer to a ping' }), id: Id }),
  ])
  .meta({ id: 'LiveServerMessage', description: 'Message of the service on the live stream, as JSON text' });
export type ServerMessage = z.infer<typeof ServerMessage>;

/** Reasons why the server closes a stream, as WebSocket close codes; the reason text is a sentence. */
export const LIVE_CLOSE = {
  /** The service is stopping: connect again. */
  stopping: 1001,
  /** More messages than a client may send: connect again later. */
  tooManyMessages: 1008,
  /** The rights cannot be checked at present: connect again later. */
  unavailable: 1013,
  /** The session or token has ended: sign in first. */
  signedOut: 4401,
  /** The caller's scopes were reduced: connect again with the remaining ones. */
  rightsChanged: 4403,
  /** The client did not read its messages: connect again. */
  tooSlow: 4408,
} as const;
