import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeWith, part } from './needs.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('part', () => {
  it('is where the environment says', () => {
    vi.stubEnv('WATTKEEPER_TEST_INFLUXD', '/opt/influxd');
    expect(part('INFLUXD')).toBe('/opt/influxd');
  });

  it('explains how to install a missing part', () => {
    vi.stubEnv('WATTKEEPER_TEST_INFLUXD', '');
    expect(() => part('INFLUXD')).toThrow(/WATTKEEPER_TEST_INFLUXD is not set.*apt-get install influxdb/);
  });
});

describeWith('REAL_DATA', 'a group with its part', (path) => {
  it('gets the path of its part', () => {
    expect(path).toBe(part('REAL_DATA'));
  });
});
