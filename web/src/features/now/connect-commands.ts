export type ConnectWay = 'http' | 'line' | 'csv';

/** Commands that send a first reading to a server at `address` (with path prefix, without trailing slash). */
export function connectCommands(address: string): { way: ConnectWay; command: string }[] {
  return [
    {
      way: 'http',
      command: [
        `curl -X POST ${address}/api/v1/readings \\`,
        `  -H 'Authorization: Bearer YOUR_TOKEN' -H 'Content-Type: application/json' \\`,
        `  -d '{"device_id": "inverter", "timestamp": "'$(date -u +%FT%TZ)'",`,
        `       "values": {"solar.power_kw": 3.2, "battery.soc_percent": 74.5}}'`,
      ].join('\n'),
    },
    {
      way: 'line',
      command: [
        `curl -X POST '${address}/write?precision=s' -H 'Authorization: Bearer YOUR_TOKEN' \\`,
        `  --data-binary "solar,device=inverter power_kw=3.2 $(date +%s)"`,
      ].join('\n'),
    },
    {
      way: 'csv',
      command: [
        'npm start -- import readings.csv --mapping mapping.yaml --dry-run',
        'npm start -- import readings.csv --mapping mapping.yaml',
      ].join('\n'),
    },
  ];
}
