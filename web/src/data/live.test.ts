import { LIVE_CLOSE, type LiveReading } from '@wattkeeper/contract/live.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveClient } from './live.ts';
import { readingsOf, withLive } from './live-readings.ts';

class FakeSocket {
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  says(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const DEVICE = 'b0a1f7a2-0000-4000-8000-000000000001';

function world(onSignedOut = () => {}) {
  const sockets: FakeSocket[] = [];
  const frames: (() => void)[] = [];
  const client = new LiveClient({
    url: 'ws://host/stream',
    open: () => {
      sockets.push(new FakeSocket());
      return sockets.at(-1) as unknown as WebSocket;
    },
    frame: (run) => frames.push(run),
    random: () => 1,
    onSignedOut,
  });
  return { client, sockets, frames };
}

const readings = (id: number, timestamp: number, values: Record<string, number>) => ({
  type: 'readings',
  id,
  items: [{ device_id: DEVICE, timestamp, values }],
});

describe('LiveClient', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('delivers readings once per animation frame, merged by device', () => {
    const { client, sockets, frames } = world();
    const got: (readonly LiveReading[])[] = [];
    client.subscribe([`readings:${DEVICE}`], { readings: (changed) => got.push(changed) });
    sockets[0]!.accept();
    sockets[0]!.says(readings(1, 1000, { 'solar.power_kw': 1, 'load.power_kw': 5 }));
    sockets[0]!.says(readings(2, 2000, { 'solar.power_kw': 2 }));
    expect(frames).toHaveLength(1);
    frames[0]!();
    expect(got).toEqual([
      [{ device_id: DEVICE, timestamp: 2000, values: { 'solar.power_kw': 2, 'load.power_kw': 5 } }],
    ]);
  });

  it('resumes after the last id, and asks for a snapshot of topics that it lacks', () => {
    const { client, sockets } = world();
    client.subscribe(['jobs', 'alerts'], {});
    sockets[0]!.accept();
    expect(sockets[0]!.sent).toEqual([{ type: 'subscribe', topics: ['jobs', 'alerts'] }]);
    sockets[0]!.says({ type: 'snapshot', id: 40, topic: 'jobs', data: [] });
    sockets[0]!.says({ type: 'event', id: 41, topic: 'jobs', data: {} });
    sockets[0]!.close();
    expect(client.state()).toBe('waiting');
    vi.advanceTimersByTime(500);
    sockets[1]!.accept();
    expect(sockets[1]!.sent).toEqual([
      { type: 'subscribe', topics: ['jobs'], since: 41 },
      { type: 'subscribe', topics: ['alerts'] },
    ]);
    expect(client.state()).toBe('open');
  });

  it('reports the end of the session, and no other disconnection', () => {
    const ended = vi.fn();
    const { client, sockets } = world(ended);
    client.subscribe(['jobs'], {});
    sockets[0]!.accept();
    sockets[0]!.close(LIVE_CLOSE.tooSlow);
    expect(ended).not.toHaveBeenCalled();
    vi.advanceTimersByTime(500);
    sockets[1]!.close(LIVE_CLOSE.signedOut);
    expect(ended).toHaveBeenCalledOnce();
  });

  it('doubles its wait after each failure, up to 30 s, and resets it after a message', () => {
    const { client, sockets } = world();
    client.subscribe(['health'], {});
    for (const wait of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = sockets.length;
      sockets.at(-1)!.close();
      vi.advanceTimersByTime(wait - 1);
      expect(sockets).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(sockets).toHaveLength(before + 1);
    }
    sockets.at(-1)!.accept();
    sockets.at(-1)!.says({ type: 'pong', id: 1 });
    const before = sockets.length;
    sockets.at(-1)!.close();
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(before + 1);
  });

  it('treats a socket without an answer to a ping as dead', () => {
    const { client, sockets } = world();
    client.subscribe(['health'], {});
    sockets[0]!.accept();
    vi.advanceTimersByTime(20_000);
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'ping' });
    vi.advanceTimersByTime(20_000);
    expect(client.state()).toBe('waiting');
  });

  it('subscribes to each topic once, and disconnects without listeners', () => {
    const { client, sockets } = world();
    const first = client.subscribe(['health'], {});
    sockets[0]!.accept();
    const second = client.subscribe(['health', 'jobs'], {});
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'subscribe', topics: ['jobs'] });
    second();
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'unsubscribe', topics: ['jobs'] });
    first();
    expect(sockets[0]!.readyState).toBe(3);
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });
});

describe('live readings', () => {
  const at = (ms: number) => new Date(ms).toISOString();
  const latest = {
    timestamp: at(0),
    warnings: [],
    items: [
      {
        device_id: DEVICE,
        device_name: 'Inverter',
        values: { 'solar.power_kw': { value: 1, unit: 'kW', timestamp: at(5000) } },
      },
    ],
  };

  it('are read from a snapshot of a single reading, a list or null', () => {
    const reading = { device_id: DEVICE, timestamp: 1, values: {} };
    expect(readingsOf(reading)).toEqual([reading]);
    expect(readingsOf([reading])).toEqual([reading]);
    expect(readingsOf({ items: [reading] })).toEqual([reading]);
    expect(readingsOf(null)).toEqual([]);
  });

  it('never replace a newer value by an older one', () => {
    const late = withLive(latest, [{ device_id: DEVICE, timestamp: 4000, values: { 'solar.power_kw': 9 } }]);
    expect(late.items[0]!.values['solar.power_kw']!.value).toBe(1);
    const fresh = withLive(latest, [{ device_id: DEVICE, timestamp: 6000, values: { 'solar.power_kw': 2 } }]);
    expect(fresh.items[0]!.values['solar.power_kw']).toEqual({ value: 2, unit: 'kW', timestamp: at(6000) });
  });

  it('leave the response unchanged when no device matches', () => {
    expect(withLive(latest, [{ device_id: 'other', timestamp: 1, values: {} }])).toBe(latest);
  });

  it('add a device of the site with its first reading, and none of another site', () => {
    const latest = { timestamp: '2026-06-21T10:00:00.000Z', warnings: [], items: [] };
    const reading = { device_id: 'new', timestamp: 4000, values: { 'solar.power_kw': 9 } };
    expect(withLive(latest, [reading], [{ id: 'new', name: 'Roof' }]).items).toEqual([
      {
        device_id: 'new',
        device_name: 'Roof',
        values: { 'solar.power_kw': { value: 9, unit: '', timestamp: '1970-01-01T00:00:04.000Z' } },
      },
    ]);
    expect(withLive(latest, [reading], [{ id: 'another', name: 'Roof' }])).toBe(latest);
  });
});
