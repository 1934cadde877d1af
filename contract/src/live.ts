import { z } from 'zod';

/**
 * The live stream (`GET /api/v1/stream`, WebSocket).
 * The client subscribes to topics and gets a snapshot of each, then changes. Every message to the client carries a growing `id`;
 * after a reconnect `since` resumes behind the last one seen.
 */
export const Topic = z.string().regex(/^(readings:(\*|[^\s]{1,200})|insights|anomalies|alerts|jobs|schedule|health)$/, {
  error: 'must be readings:{device}, readings:*, insights, anomalies, alerts, jobs, schedule or health',
});

export const ClientMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('subscribe'),
    topics: z.array(Topic).min(1).max(1000),
    since: z.number().int().optional(),
  }),
  z.object({ type: z.literal('unsubscribe'), topics: z.array(Topic).min(1).max(1000) }),
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

export const ServerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('snapshot'), id: z.number().int(), topic: z.string(), data: z.unknown() }),
  z.object({ type: z.literal('readings'), id: z.number().int(), items: z.array(LiveReading) }),
  z.object({ type: z.literal('event'), id: z.number().int(), topic: z.string(), data: z.unknown() }),
  z.object({ type: z.literal('error'), id: z.number().int(), code: z.string(), detail: z.string() }),
  z.object({ type: z.literal('pong'), id: z.number().int() }),
]);
export type ServerMessage = z.infer<typeof ServerMessage>;
