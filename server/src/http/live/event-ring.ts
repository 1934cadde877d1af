/** An event as its subscribers receive it. */
export interface LiveEvent {
  readonly id: number;
  readonly topic: string;
  /** The message, encoded once for all clients. */
  readonly message: Buffer;
}

const MAX_EVENTS = 500;
const MAX_EVENTS_BYTES = 4 * 1024 * 1024;

/** The newest events, with consecutive ids. A client behind the oldest event needs a snapshot. */
export class EventRing {
  #events: LiveEvent[] = [];
  #bytes = 0;
  #lastId: number;

  /** @param firstId first id; derive it from the clock, so that ids also increase across restarts */
  constructor(firstId: number) {
    this.#lastId = firstId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  add(topic: string, data: unknown): void {
    const id = ++this.#lastId;
    const message = Buffer.from(JSON.stringify({ type: 'event', id, topic, data }));
    this.#events.push({ id, topic, message });
    this.#bytes += message.length;
    while (this.#events.length > MAX_EVENTS || this.#bytes > MAX_EVENTS_BYTES) {
      this.#bytes -= this.#events.shift()!.message.length;
    }
  }

  /** Whether every event after an id is still available. */
  reaches(id: number): boolean {
    return id >= this.#lastId - this.#events.length && id <= this.#lastId;
  }

  /** The event after an id for which `reaches` is true. */
  after(id: number): LiveEvent | undefined {
    return this.#events[id - this.#lastId + this.#events.length];
  }
}
