import { describe, expect, it } from 'vitest';
import { serverLocation } from './location.ts';

describe('serverLocation', () => {
  it.each([
    ['http://localhost:8001/ui/', ''],
    ['http://localhost:8001/ui/history?range=24h', ''],
    ['https://host/api/analytics/ui/', '/api/analytics'],
    ['https://host/api/analytics/ui/now', '/api/analytics'],
    ['https://host/ui', ''],
  ])('finds the prefix of %s', (base, prefix) => {
    expect(serverLocation(base).prefix).toBe(prefix);
  });

  it('uses the same host and encryption for WebSocket', () => {
    expect(serverLocation('https://host/p/ui/').streamUrl).toBe('wss://host/p/api/v1/stream');
    expect(serverLocation('http://host:8001/ui/').streamUrl).toBe('ws://host:8001/api/v1/stream');
  });
});
