import { type ClientMessage, MAX_TOPICS_PER_CLIENT, type ServerMessage } from '@wattkeeper/contract/live.ts';
import type { EventRing } from './event-ring.ts';
import { parseMessage } from './parse-message.ts';
import type { LatestSource, ReadingChanges } from './reading-changes.ts';
import { type Slices, slicesOf } from './reading-slices.ts';

/** Sources of messages, shared by all clients. */
export interface LiveSources {
  readonly latest: LatestSource;
  readonly events: EventRing;
  readonly changes: ReadingChanges;
  /** The id of a device given by id or by name. */
  readonly deviceId: (idOrName: string) => string | undefined;
  /** The current state of a topic other than readings, for a new subscriber. */
  readonly snapshot: (topic: string) => unknown;
}

const READINGS = 'readings:';
const ALL_READINGS = 'readings:*';
/** Maximum number of queued errors per client; further ones are only counted. */
export const MAX_ERRORS_WAITING = 30;
const MAX_NAMES_IN_ERROR = 3;

/** The readings being sent: a snapshot, or changes if the topic is null. */
interface Sending {
  readonly topic: string | null;
  /** Values with a later revision are sent. */
  readonly after: number;
  readonly slices: Slices;
}

/**
 * The pending messages of one client. No message is queued: only topics, positions and counts are stored, whose number is limited, and
 * each message is built when the client is ready for it. Requests repeated before the answer get one answer.
 */
export class DueMessages {
  readonly #sources: LiveSources;
  /** Topics of events → id after which their events are due. */
  readonly #topics = new Map<string, number>();
  readonly #devices = new Set<string>();
  #allDevices = false;
  #pongs = 0;
  #errors: { code: string; detail: string }[] = [];
  #omittedErrors = 0;
  /** Topics whose snapshot is due. */
  readonly #snapshots = new Set<string>();
  /** All events up to this id were sent. */
  #position: number;
  /** All readings up to this revision were sent. */
  #revision: number;
  #sending: Sending | null = null;
  #readingsFirst = true;

  constructor(sources: LiveSources) {
    this.#sources = sources;
    this.#position = sources.events.lastId;
    this.#revision = sources.changes.revision;
  }

  receive(text: string): void {
    const message = parseMessage(text);
    if ('error' in message) this.#fail('invalid_input', message.error);
    else if (message.type === 'ping') this.#pongs++;
    else if (message.type === 'unsubscribe') for (const topic of message.topics) this.#unsubscribe(topic);
    else this.#subscribe(message);
  }

  /** The next message, or null when nothing is due. */
  next(): string | Buffer | null {
    const answer = this.#nextAnswer();
    if (answer !== null) return answer;
    // Alternates, so that neither blocks the other for a slow client.
    this.#readingsFirst = !this.#readingsFirst;
    return this.#readingsFirst
      ? (this.#nextReadings() ?? this.#nextEvent())
      : (this.#nextEvent() ?? this.#nextReadings());
  }

  #subscribe({ topics, since }: Extract<ClientMessage, { type: 'subscribe' }>): void {
    const unknown: string[] = [];
    for (const topic of topics) {
      const device = topic.startsWith(READINGS) && topic !== ALL_READINGS ? topic.slice(READINGS.length) : null;
      const deviceId = device === null ? null : this.#sources.deviceId(device);
      if (deviceId === undefined) unknown.push(topic.slice(READINGS.length));
      else if (this.#isTooMany(topic, deviceId)) {
        const detail = `a client may subscribe to ${MAX_TOPICS_PER_CLIENT} topics; ${JSON.stringify(topic)} and those after it are too many`;
        this.#fail('too_many_requests', detail);
        break;
      } else if (topic.startsWith(READINGS)) this.#addReadings(topic, deviceId);
      else this.#addTopic(topic, since);
    }
    if (unknown.length > 0) this.#fail('not_found', `no device has the id or name ${namesOf(unknown)}`);
  }

  #isTooMany(topic: string, deviceId: string | null): boolean {
    const wanted = this.#devices.size + this.#topics.size + (this.#allDevices ? 1 : 0);
    if (wanted >= MAX_TOPICS_PER_CLIENT && !this.#has(topic, deviceId)) return true;
    // A client may subscribe to a device by its id and by its name.
    return this.#snapshots.size >= MAX_TOPICS_PER_CLIENT && !this.#snapshots.has(topic);
  }

  #has(topic: string, deviceId: string | null): boolean {
    if (deviceId !== null) return this.#devices.has(deviceId);
    return topic === ALL_READINGS ? this.#allDevices : this.#topics.has(topic);
  }

  #addReadings(topic: string, deviceId: string | null): void {
    if (!this.#allDevices && this.#devices.size === 0) this.#revision = this.#sources.changes.revision;
    if (deviceId === null) this.#allDevices = true;
    else this.#devices.add(deviceId);
    if (this.#sending?.topic !== topic) this.#snapshots.add(topic);
  }

  #addTopic(topic: string, since: number | undefined): void {
    const { events } = this.#sources;
    const isFirst = this.#topics.size === 0;
    if (isFirst) this.#position = events.lastId;
    if (since !== undefined && events.reaches(since) && (isFirst || since >= this.#position)) {
      if (isFirst) this.#position = since;
      this.#topics.set(topic, since);
      this.#snapshots.delete(topic);
    } else {
      this.#topics.set(topic, events.lastId);
      this.#snapshots.add(topic);
    }
  }

  #unsubscribe(topic: string): void {
    this.#snapshots.delete(topic);
    this.#topics.delete(topic);
    if (this.#sending?.topic === topic) this.#sending = null;
    if (topic === ALL_READINGS) this.#dropAllDevices();
    else if (topic.startsWith(READINGS)) {
      this.#devices.delete(this.#sources.deviceId(topic.slice(READINGS.length)) ?? '');
    }
  }

  #dropAllDevices(): void {
    this.#allDevices = false;
    if (this.#sending === null || this.#sending.topic !== null) return;
    this.#revision = this.#sending.after;
    this.#sending = null;
  }

  #fail(code: string, detail: string): void {
    if (this.#errors.length < MAX_ERRORS_WAITING) this.#errors.push({ code, detail });
    else this.#omittedErrors++;
  }

  #nextAnswer(): string | null {
    const id = this.#position;
    const error = this.#errors.shift();
    if (error) return this.#encode({ type: 'error', id, ...error });
    if (this.#omittedErrors > 0) {
      const detail = `${this.#omittedErrors} further errors were left out`;
      this.#omittedErrors = 0;
      return this.#encode({ type: 'error', id, code: 'too_many_requests', detail });
    }
    if (this.#pongs === 0) return null;
    this.#pongs--;
    return this.#encode({ type: 'pong', id });
  }

  #nextEvent(): string | Buffer | null {
    const { events, snapshot } = this.#sources;
    if (this.#topics.size === 0) return null;
    if (!events.reaches(this.#position)) {
      this.#position = events.lastId;
      for (const topic of this.#topics.keys()) this.#snapshots.add(topic);
    }
    for (const topic of this.#topics.keys()) {
      if (!this.#snapshots.delete(topic)) continue;
      this.#topics.set(topic, events.lastId);
      return this.#encode({ type: 'snapshot', id: this.#position, topic, data: snapshot(topic) ?? null });
    }
    for (let event = events.after(this.#position); event; event = events.after(this.#position)) {
      this.#position = event.id;
      if (event.id > (this.#topics.get(event.topic) ?? event.id)) return event.message;
    }
    return null;
  }

  #nextReadings(): string | null {
    this.#sending ??= this.#beginReadings();
    if (this.#sending === null) return null;
    const { topic, slices } = this.#sending;
    const { items, more } = slices.next();
    if (!more) this.#sending = null;
    const id = this.#position;
    if (topic === null && items === '') return this.#nextReadings();
    if (topic === null) return `{"type":"readings","id":${id},"items":[${items}]}`;
    const end = more ? ',"more":true}' : '}';
    return `{"type":"snapshot","id":${id},"topic":${JSON.stringify(topic)},"data":[${items}]${end}`;
  }

  #beginReadings(): Sending | null {
    const { latest, changes, deviceId } = this.#sources;
    for (const topic of this.#snapshots) {
      if (!topic.startsWith(READINGS)) continue;
      this.#snapshots.delete(topic);
      const id = topic === ALL_READINGS ? null : deviceId(topic.slice(READINGS.length));
      const deviceIds = id === null ? latest.deviceIds() : id === undefined ? [] : [id];
      return { topic, after: 0, slices: slicesOf(latest, deviceIds, 0) };
    }
    const after = this.#revision;
    if (changes.revision <= after || !(this.#allDevices || this.#devices.size > 0)) return null;
    this.#revision = changes.revision;
    const changed = changes.since(after, this.#allDevices ? null : this.#devices);
    return { topic: null, after, slices: slicesOf(latest, changed, after) };
  }

  #encode(message: ServerMessage): string {
    return JSON.stringify(message);
  }
}

function namesOf(names: readonly string[]): string {
  const listed = names.slice(0, MAX_NAMES_IN_ERROR).map((name) => JSON.stringify(name));
  const others = names.length - listed.length;
  return `${listed.join(', ')}${others > 0 ? ` and ${others} others` : ''}`;
}
