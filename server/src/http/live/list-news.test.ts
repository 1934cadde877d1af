import type { ServerMessage } from '@wattkeeper/contract/live.ts';
import { describe, expect, it } from 'vitest';
import { liveWorld } from '../../../test/live/live-world.ts';
import { announceLists } from './list-news.ts';

async function listeningWorld() {
  const world = await liveWorld();
  announceLists(world.records, (list) => world.publish(list, null));
  const socket = await world.open();
  const events: string[] = [];
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as ServerMessage;
    if (message.type === 'event') events.push(message.topic);
  });
  socket.send(JSON.stringify({ type: 'subscribe', topics: ['devices', 'sites'] }));
  return { ...world, events };
}

describe('lists of devices and sites', () => {
  it('are announced once for devices registered together, with the site that is created for them', async () => {
    const { records, events } = await listeningWorld();
    const names = Array.from({ length: 500 }, (_, i) => ({ name: `device ${i}` }));
    await records.devices.ensureAll(names);
    await expect.poll(() => events).toEqual(['devices', 'sites']);
    // Further readings of known devices change nothing.
    await records.devices.ensureAll(names);
    await records.devices.update((await records.devices.require('device 1')).id, { name: 'renamed' });
    await expect.poll(() => events).toEqual(['devices', 'sites', 'devices']);
  });

  it('are announced when a site is added, changed or removed', async () => {
    const { records, events } = await listeningWorld();
    const site = await records.sites.create({ name: 'Barn' });
    await expect.poll(() => events).toEqual(['sites']);
    await records.sites.update(site.id, { timezone: 'Europe/Berlin' });
    await expect.poll(() => events).toEqual(['sites', 'sites']);
    await records.sites.remove(site.id);
    await expect.poll(() => events).toEqual(['sites', 'sites', 'sites']);
  });
});
