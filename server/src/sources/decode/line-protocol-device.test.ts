import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Config } from '../../config/schema.ts';
import { decodeLineProtocol } from './line-protocol.ts';
import { deviceOfTags } from './line-protocol-device.ts';

const { device_tags: deviceTags, label_tags: labelTags } = Config.parse({}).ingest;
const RULES = { deviceTags, labelTags };

/** Each value by device and metric. */
function seriesOf(lines: readonly string[]): Record<string, number[]> {
  const decoded = decodeLineProtocol(Buffer.from(lines.join('\n')), { ...RULES, precision: 'ns', nowMs: 0 });
  expect(decoded.errors).toEqual([]);
  const series: Record<string, number[]> = {};
  for (const { group, quantities, devices, device, columns } of decoded.blocks) {
    for (const [row, index] of device.entries()) {
      for (const [c, quantity] of quantities.entries()) {
        const value = columns[c]![row]!;
        const name = `${devices[index]} ${group}.${quantity}`;
        if (!Number.isNaN(value)) series[name] = [...(series[name] ?? []), value];
      }
    }
  }
  return series;
}

const nameOf = (tags: Record<string, string>) => deviceOfTags(new Map(Object.entries(tags)), RULES).name;

describe('lines as their clients send them', () => {
  test('Telegraf: processors, disks and interfaces of a host are separate devices; its memory belongs to the host', () => {
    expect(
      seriesOf([
        'cpu,cpu=cpu0,host=nas usage_user=1.5,usage_idle=97.1 1700000000000000000',
        'cpu,cpu=cpu1,host=nas usage_user=2.5,usage_idle=96.2 1700000000000000000',
        'cpu,cpu=cpu-total,host=nas usage_user=2,usage_idle=96.6 1700000000000000000',
        'mem,host=nas used_percent=41.5,free=123456i 1700000000000000000',
        'system,host=nas load1=0.41,n_cpus=2i,uptime_format="1 day,  2:03" 1700000000000000000',
        'net,host=nas,interface=eth0 bytes_recv=10i 1700000000000000000',
        'net,host=nas,interface=wlan0 bytes_recv=20i 1700000000000000000',
        'diskio,host=nas,name=sda reads=5i 1700000000000000000',
        'disk,device=sda1,fstype=ext4,host=nas,mode=rw,path=/ used_percent=61 1700000000000000000',
        'disk,device=sda1,fstype=ext4,host=attic,mode=rw,path=/ used_percent=17 1700000000000000000',
      ]),
    ).toEqual({
      'nas/cpu=cpu0 cpu.usage_user': [1.5],
      'nas/cpu=cpu0 cpu.usage_idle': [97.1],
      'nas/cpu=cpu1 cpu.usage_user': [2.5],
      'nas/cpu=cpu1 cpu.usage_idle': [96.2],
      'nas/cpu=cpu-total cpu.usage_user': [2],
      'nas/cpu=cpu-total cpu.usage_idle': [96.6],
      'nas mem.used_percent': [41.5],
      'nas mem.free': [123456],
      'nas system.load1': [0.41],
      'nas system.n_cpus': [2],
      'nas/interface=eth0 net.bytes_recv': [10],
      'nas/interface=wlan0 net.bytes_recv': [20],
      'nas/name=sda diskio.reads': [5],
      'sda1/host=nas;path=/ disk.used_percent': [61],
      'sda1/host=attic;path=/ disk.used_percent': [17],
    });
  });

  test('Home Assistant: an entity keeps its name, and is distinguished from one of another domain', () => {
    expect(
      seriesOf([
        'kWh,domain=sensor,entity_id=energy_total,friendly_name=Energy\\ total,source=HA value=812.4,device_class_str="energy" 1',
        '%,domain=sensor,entity_id=charge_limit value=79 1',
        '%,domain=number,entity_id=charge_limit value=80,min=0,max=100 1',
        'sensor.outdoor,domain=sensor,entity_id=outdoor value=-3.2 1',
      ]),
    ).toEqual({
      'energy_total kWh.value': [812.4],
      'charge_limit %.value': [79],
      'charge_limit/domain=number %.value': [80],
      'charge_limit/domain=number %.min': [0],
      'charge_limit/domain=number %.max': [100],
      'outdoor sensor.outdoor.value': [-3.2],
    });
  });

  test('evcc: loadpoints, and the vehicles at them', () => {
    expect(
      seriesOf([
        'chargePower,loadpoint=Garage,vehicle=blue\\ e-Golf value=3680 1700000000000000000',
        'chargePower,loadpoint=Carport value=0 1700000000000000000',
        'pvPower value=5210.5 1700000000000000000',
        'gridCurrents l1=1.2,l2=0.8,l3=-4.1 1700000000000000000',
      ]),
    ).toEqual({
      'loadpoint=Garage;vehicle=blue e-Golf chargePower.value': [3680],
      'loadpoint=Carport chargePower.value': [0],
      'line-protocol pvPower.value': [5210.5],
      'line-protocol gridCurrents.l1': [1.2],
      'line-protocol gridCurrents.l2': [0.8],
      'line-protocol gridCurrents.l3': [-4.1],
    });
  });

  test('ESPHome and similar: phases and sensors of one device are separate series', () => {
    expect(
      seriesOf([
        'grid,device=esp-meter,location=cellar,phase=L1 voltage_v=231.2,power_kw=0.4',
        'grid,device=esp-meter,location=cellar,phase=L2 voltage_v=229.8,power_kw=0.1',
        'environment,device=esp-kitchen,location=kitchen,firmware=2026.6.1 indoor_temp_c=21.4,humidity_percent=48',
      ]),
    ).toEqual({
      'esp-meter/phase=L1 grid.voltage_v': [231.2],
      'esp-meter/phase=L1 grid.power_kw': [0.4],
      'esp-meter/phase=L2 grid.voltage_v': [229.8],
      'esp-meter/phase=L2 grid.power_kw': [0.1],
      'esp-kitchen environment.indoor_temp_c': [21.4],
      'esp-kitchen environment.humidity_percent': [48],
    });
  });

  test('TSBS cpu-only: a host with nine descriptive tags is one device with them as labels', () => {
    const described =
      'region=eu-central-1,datacenter=eu-central-1a,rack=6,os=Ubuntu15.10,arch=x86,team=SF,service=19,service_version=1,service_environment=test';
    const line = `cpu,host=host_0,${described} usage_user=58i,usage_system=2i 1451606400000000000`;
    expect(Object.keys(seriesOf([line]))).toEqual(['host_0 cpu.usage_user', 'host_0 cpu.usage_system']);
    const decoded = decodeLineProtocol(Buffer.from(line), { ...RULES, precision: 'ns', nowMs: 0 });
    expect(decoded.labels.get('host_0')).toEqual(Object.fromEntries(described.split(',').map((tag) => tag.split('='))));
  });
});

describe('the device of a line', () => {
  test('does not depend on the order of tags or lines; the labels of a part name the whole device', () => {
    expect(nameOf({ host: 'a', cpu: 'cpu0', mode: 'rw', state: 'idle' })).toBe('a/cpu=cpu0;state=idle');
    expect(nameOf({ state: 'idle', cpu: 'cpu0', host: 'a' })).toBe('a/cpu=cpu0;state=idle');
    const labels = { host: 'a', os: 'linux', cpu: 'cpu0' };
    expect(deviceOfTags(new Map(Object.entries(labels)), RULES).labels).toEqual(labels);
    const lines = ['cpu,host=a,cpu=c1 v=1 1', 'cpu,host=a v=2 1', 'cpu,host=a,cpu=c2 v=3 1'];
    expect(seriesOf(lines)).toEqual(seriesOf(lines.toReversed()));
  });

  test('differs for different tags, whatever characters they contain', () => {
    const part = fc.string({ unit: fc.constantFrom(...'ab\\;=,/é'), minLength: 1, maxLength: 4 });
    const tags = fc.dictionary(part, part, { minKeys: 1, maxKeys: 4 });
    const sorted = (from: Record<string, string>) => JSON.stringify(Object.entries(from).sort());
    fc.assert(
      fc.property(tags, tags, fc.boolean(), (one, other, hosted) => {
        const host = hosted ? { host: 'h' } : {};
        const isSame = sorted(one) === sorted(other);
        expect(nameOf({ ...one, ...host }) === nameOf({ ...other, ...host })).toBe(isSame);
      }),
      { numRuns: 5000 },
    );
  });

  test('has at most 200 characters, and long tags remain distinct', () => {
    const long = (end: string) => nameOf({ host: `${'\u{1f50b}'.repeat(300)}${end}` });
    expect(long('a')).toHaveLength(200);
    expect(long('a')).not.toBe(long('b'));
    expect(long('a').isWellFormed()).toBe(true);
    const { labels } = deviceOfTags(
      new Map([
        ['host', 'h'],
        ['note', 'x'.repeat(9000)],
        ['k'.repeat(101), 'v'],
      ]),
      RULES,
    );
    expect(labels).toEqual({ host: 'h', note: 'x'.repeat(500) });
  });
});
