import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { Device } from '@wattkeeper/contract/device.ts';
import type { LatestAnswer } from '@wattkeeper/contract/telemetry.ts';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useQueries, useServices } from '../../app-context.tsx';
import type { LiveState } from '../../data/live.ts';
import { withLive } from '../../data/live-readings.ts';
import { latestKey } from '../../data/queries.ts';
import { sitePower } from '../../data/site-power.ts';
import { useNow } from '../../ui/hooks/use-now.ts';

/** A site with more devices subscribes to all readings, because the server limits the topics of a client. */
const MAX_DEVICE_TOPICS = 500;
/** Interval at which silent devices are detected. */
const SILENCE_STEP_MS = 10_000;

/** The site's live power: the stream's readings update the cached latest values, which the page displays. */
export function useLivePower(siteId: string) {
  const queries = useQueries();
  const latest = useQuery(queries.latest(siteId));
  const devices = useQuery(queries.devices(siteId));
  const topics = useMemo(() => topicsOf(devices.data ?? []), [devices.data]);
  useLiveLatest(siteId, topics, devices.data);
  const now = useNow(SILENCE_STEP_MS);
  const power = useMemo(
    () => (latest.data && devices.data ? sitePower(latest.data, devices.data, now) : undefined),
    [latest.data, devices.data, now],
  );
  return { power, latest, devices };
}

function topicsOf(devices: readonly Device[]): string[] {
  if (devices.length > MAX_DEVICE_TOPICS) return ['readings:*'];
  return devices.map(({ id }) => `readings:${id}`);
}

function useLiveLatest(siteId: string, topics: readonly string[], devices: readonly Device[] | undefined): void {
  const { live } = useServices();
  const queryClient = useQueryClient();
  useEffect(() => {
    if (topics.length === 0) return;
    return live.subscribe(topics, {
      readings: (changed) => {
        queryClient.setQueryData<LatestAnswer>(
          latestKey(siteId),
          (latest) => latest && withLive(latest, changed, devices),
        );
      },
    });
  }, [live, queryClient, siteId, topics, devices]);
}

const MAX_SEEN = 6;

/** Instants of the values since the page was opened, oldest first. */
export function useSeenInstants(at: number | null): readonly number[] {
  const [seen, setSeen] = useState<readonly number[]>([]);
  if (at === null || at <= (seen.at(-1) ?? 0)) return seen;
  const next = [...seen.slice(1 - MAX_SEEN), at];
  setSeen(next);
  return next;
}

export function useLiveState(): LiveState {
  const { live } = useServices();
  return useSyncExternalStore(live.onState, live.state);
}
