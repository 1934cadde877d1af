/** Changes within this time are one event: a thousand devices that register automatically must not cause a thousand events. */
const GATHER_MS = 250;

/** Lists whose changes are announced, each as an event of the topic with its name. */
type AnnouncedList = 'devices' | 'sites';

/** The records, which notify a listener of each change. */
interface Lists {
  readonly devices: { onChange(listener: (change: { readonly type: string }) => void): unknown };
  readonly sites: { onChange(listener: () => void): unknown };
}

/** Announces changes of the lists of devices and sites. The events have no content; clients that show the list request it again. */
export function announceLists({ devices, sites }: Lists, publish: (topic: AnnouncedList, data: null) => void): void {
  const changed = new Set<AnnouncedList>();
  const announce = () => {
    const lists = [...changed];
    changed.clear();
    for (const list of lists) publish(list, null);
  };
  const note = (list: AnnouncedList) => {
    if (changed.size === 0) setTimeout(announce, GATHER_MS).unref();
    changed.add(list);
  };
  devices.onChange(({ type }) => {
    note('devices');
    // The first device that registers automatically creates the default site in the same transaction.
    if (type === 'created') note('sites');
  });
  sites.onChange(() => note('sites'));
}
