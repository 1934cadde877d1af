import type { ClientMessage, LiveReading, ServerMessage } from '@wattkeeper/contract/live.ts';
import { MAX_TOPICS_PER_CLIENT } from '@wattkeeper/contract/live.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatestValues } from '../../ingest/latest-values.ts';
import { DueMessages, MAX_ERRORS_WAITING } from './due-messages.ts';
import { EventRing } from './event-ring.ts';
import { ReadingChanges } from './reading-changes.ts';
import { MAX_VALUES_PER_PIECE, MIN_SLICE_CHARACTERS } from './reading-slices.ts';

const NOW = 1_000_000;
const FIRST_ID = 500;

/** Real values, events and changes, and one client that reads under the control of the test. */
function world(deviceNames: (deviceId: string) => string | undefined = (id) => id) {
  const latest = new LatestValues(() => NOW);
  const events = new EventRing(FIRST_ID);
  const changes = new ReadingChanges(latest);
  const states = new Map<string, number>();
  const due = new DueMessages({
    latest,
    events,
    changes,
    deviceId: deviceNames,
    snapshot: (topic) => states.get(topic),
  });
  let instant = 0;
  const read = (): ServerMessage | null => {
    const message = due.next();
    return message === null ? null : JSON.parse(message.toString());
  };
  return {
    events,
    due,
    report(deviceId: string, values: Record<string, number>) {
      instant++;
      for (const [metric, value] of Object.entries(values)) latest.restore(deviceId, metric, instant, value);
      changes.note([deviceId]);
    },
    release: () => changes.release(),
    publish(topic: string) {
      const state = (states.get(topic) ?? 0) + 1;
      states.set(topic, state);
      events.add(topic, state);
    },
    send: (message: ClientMessage) => due.receive(JSON.stringify(message)),
    read,
    readAll(): ServerMessage[] {
      const all: ServerMessage[] = [];
      for (let message = read(); message; message = read()) all.push(message);
      return all;
    },
    valuesOf: (deviceId: string) =>
      Object.fromEntries([...latest.of(deviceId)].map(({ metric, value }) => [metric, value])),
    deviceIds: () => [...latest.deviceIds()],
    states,
  };
}

const wide = (count: number, value = 1) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`group.quantity_${i}`, value]));

describe('messages that are due to a client', () => {
  it('converge to the current values for any order of subscriptions and any reading speed', () => {
    const device = fc.constantFrom('a', 'b', 'c', 'd');
    const topic = fc.oneof(
      device.map((id) => `readings:${id}`),
      fc.constantFrom('readings:*', 'jobs', 'anomalies'),
    );
    const topics = fc.array(topic, { minLength: 1, maxLength: 3 });
    const step = fc.oneof(
      fc.record({ act: fc.constant('subscribe' as const), topics }),
      fc.record({ act: fc.constant('unsubscribe' as const), topics }),
      fc.record({ act: fc.constant('report' as const), device, count: fc.constantFrom(1, 3, 2_500) }),
      fc.record({
        act: fc.constant('publish' as const),
        topic: fc.constantFrom('jobs', 'anomalies'),
        count: fc.constantFrom(1, 2, 600),
      }),
      fc.record({ act: fc.constant('read' as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ act: fc.constant('release' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const all = world();
        const client = new ModelClient();
        let value = 0;
        for (const one of steps) {
          if (one.act === 'report') all.report(one.device, wide(one.count, ++value));
          else if (one.act === 'release') all.release();
          else if (one.act === 'publish') for (let i = 0; i < one.count; i++) all.publish(one.topic);
          else if (one.act === 'read') for (let i = 0; i < one.count; i++) client.take(all.read());
          else {
            all.send({ type: one.act, topics: one.topics });
            client.asked(one.act, one.topics);
          }
        }
        all.release();
        for (const message of all.readAll()) client.take(message);
        for (const id of all.deviceIds()) if (client.wants(id)) expect(client.values(id)).toEqual(all.valuesOf(id));
        for (const [name, state] of all.states) {
          if (client.topics.has(name)) expect(client.states.get(name)).toBe(state);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('cover a device that is subscribed to by its name, with any characters', () => {
    const { report, send, readAll } = world((name) => (name === 'Demo: Haus №\u00a01 🏠' ? 'a' : undefined));
    report('a', { 'solar.power_kw': 1 });
    const topic = 'readings:Demo: Haus №\u00a01 🏠';
    send({ type: 'subscribe', topics: [topic] });
    expect(readAll()).toMatchObject([{ type: 'snapshot', topic, data: [{ device_id: 'a' }] }]);
  });

  it('are one snapshot per topic, however often it was requested, and one answer per ping', () => {
    const { report, send, readAll } = world();
    report('a', { 'solar.power_kw': 1 });
    for (let i = 0; i < 500; i++) {
      send({ type: 'subscribe', topics: ['readings:*', 'readings:a', 'jobs'] });
      send({ type: 'ping' });
    }
    const types = readAll().map(({ type }) => type);
    expect(types.filter((type) => type === 'snapshot')).toHaveLength(3);
    expect(types.filter((type) => type === 'pong')).toHaveLength(500);
  });

  it('are divided into slices, snapshots and changes alike, even for one device with many values', () => {
    const { report, release, send, readAll } = world();
    send({ type: 'subscribe', topics: ['readings:*'] });
    readAll();
    for (let i = 0; i < 300; i++) report(`device ${i}`, wide(10));
    report('wide', wide(5_000));
    send({ type: 'subscribe', topics: ['readings:*'] });
    const snapshot = readAll();
    expect(snapshot.map((message) => message.type === 'snapshot' && message.more)).toEqual([
      ...Array(snapshot.length - 1).fill(true),
      undefined,
    ]);
    release();
    const changes = readAll();
    for (const messages of [snapshot, changes]) {
      expect(messages.length).toBeGreaterThan(3);
      const client = new ModelClient();
      client.asked('subscribe', ['readings:*']);
      for (const message of messages) {
        client.take(message);
        expect(JSON.stringify(message).length).toBeLessThan(MIN_SLICE_CHARACTERS + 50 * MAX_VALUES_PER_PIECE);
      }
      expect(Object.keys(client.values('wide'))).toHaveLength(5_000);
      expect(Object.keys(client.values('device 299'))).toHaveLength(10);
    }
  });

  it('contain only the newest values for a client that reads late', () => {
    const { report, release, send, readAll } = world();
    send({ type: 'subscribe', topics: ['readings:a'] });
    readAll();
    for (let i = 0; i <= 1_000; i++) {
      report('a', { 'solar.power_kw': i });
      release();
    }
    const items = [{ device_id: 'a', timestamp: 1_001, values: { 'solar.power_kw': 1_000 } }];
    expect(readAll()).toEqual([{ type: 'readings', id: FIRST_ID, items }]);
  });

  it('are a new snapshot if events were discarded, and otherwise the events', () => {
    const { publish, send, readAll } = world();
    send({ type: 'subscribe', topics: ['jobs'] });
    readAll();
    for (let i = 0; i < 500; i++) publish('jobs');
    expect(readAll().map((message) => message.type === 'event' && message.data)).toEqual(
      Array.from({ length: 500 }, (_, i) => i + 1),
    );
    for (let i = 0; i < 501; i++) publish('jobs');
    expect(readAll()).toEqual([{ type: 'snapshot', id: FIRST_ID + 1_001, topic: 'jobs', data: 1_001 }]);
    publish('jobs');
    expect(readAll()).toMatchObject([{ type: 'event', data: 1_002 }]);
  });

  it('are the events after the id with which a client reconnects, or a snapshot if they were discarded', () => {
    const before = world();
    for (let i = 0; i < 10; i++) before.publish('jobs');
    before.send({ type: 'subscribe', topics: ['jobs', 'anomalies'], since: FIRST_ID + 8 });
    expect(before.readAll()).toMatchObject([
      { type: 'event', id: FIRST_ID + 9, data: 9 },
      { type: 'event', id: FIRST_ID + 10, data: 10 },
    ]);
    for (const since of [FIRST_ID - 1, FIRST_ID + 11, 0]) {
      before.send({ type: 'unsubscribe', topics: ['jobs', 'anomalies'] });
      before.send({ type: 'subscribe', topics: ['jobs'], since });
      expect(before.readAll()).toMatchObject([{ type: 'snapshot', id: FIRST_ID + 10, data: 10 }]);
    }
  });

  it('are limited in the total bytes of stored events', () => {
    const { events } = world();
    for (let i = 0; i < 10; i++) events.add('jobs', 'x'.repeat(1024 * 1024));
    expect(events.reaches(events.lastId - 3)).toBe(true);
    expect(events.reaches(events.lastId - 4)).toBe(false);
  });

  it('are a limited number of errors for unknown devices, invalid messages and too many topics', () => {
    const { due, send, readAll } = world((name) => (name.startsWith('d') ? name : undefined));
    send({ type: 'subscribe', topics: ['readings:a', 'readings:b', 'readings:c', 'readings:e', 'readings:d1'] });
    expect(readAll()).toMatchObject([
      { type: 'error', code: 'not_found', detail: 'no device has the id or name "a", "b", "c" and 1 others' },
      { type: 'snapshot', topic: 'readings:d1' },
    ]);
    const many = (from: number) => Array.from({ length: MAX_TOPICS_PER_CLIENT }, (_, i) => `readings:d${from + i}`);
    send({ type: 'subscribe', topics: many(1) });
    expect(readAll().filter(({ type }) => type === 'error')).toEqual([]);
    send({ type: 'subscribe', topics: ['readings:d5', ...many(1001).slice(1)] });
    expect(readAll()).toMatchObject([
      {
        code: 'too_many_requests',
        detail: 'a client may subscribe to 1000 topics; "readings:d1002" and those after it are too many',
      },
      { type: 'snapshot', topic: 'readings:d5' },
    ]);
    for (let i = 0; i < MAX_ERRORS_WAITING + 7; i++) due.receive('{');
    const errors = readAll();
    expect(errors).toHaveLength(MAX_ERRORS_WAITING + 1);
    expect(errors.at(-1)).toMatchObject({ type: 'error', detail: '7 further errors were left out' });
    due.receive(JSON.stringify({ type: 'subscribe', topics: Array(1000).fill('x'.repeat(60)) }));
    expect(JSON.stringify(readAll()).length).toBeLessThan(1_000);
  });
});

/** The state that a client builds from the messages. */
class ModelClient {
  readonly topics = new Set<string>();
  readonly states = new Map<string, unknown>();
  readonly #values = new Map<string, Record<string, number>>();
  #lastId = FIRST_ID;

  asked(act: 'subscribe' | 'unsubscribe', topics: readonly string[]): void {
    for (const topic of topics) {
      if (act === 'subscribe') this.topics.add(topic);
      else if (this.topics.delete(topic) && topic.startsWith('readings:')) {
        for (const id of this.#values.keys()) if (!this.wants(id)) this.#values.delete(id);
      } else this.states.delete(topic);
    }
  }

  wants(deviceId: string): boolean {
    return this.topics.has('readings:*') || this.topics.has(`readings:${deviceId}`);
  }

  values(deviceId: string): Record<string, number> {
    return this.#values.get(deviceId) ?? {};
  }

  take(message: ServerMessage | null): void {
    if (message === null) return;
    expect(message.id).toBeGreaterThanOrEqual(this.#lastId);
    this.#lastId = message.id;
    if (message.type === 'readings') this.#merge(message.items);
    else if (message.type === 'snapshot' && message.topic.startsWith('readings:')) {
      this.#merge(message.data as LiveReading[]);
    } else if (message.type === 'event' || message.type === 'snapshot') {
      const known = (this.states.get(message.topic) ?? 0) as number;
      expect((message.data ?? 0) as number).toBeGreaterThanOrEqual(known);
      // An event follows the previous one, or a snapshot replaces the events between.
      if (message.type === 'event') expect(message.data).toBe(known + 1);
      this.states.set(message.topic, message.data ?? 0);
    }
  }

  #merge(items: readonly LiveReading[]): void {
    for (const { device_id: id, values } of items) {
      expect(this.wants(id)).toBe(true);
      this.#values.set(id, { ...this.#values.get(id), ...values });
    }
  }
}
