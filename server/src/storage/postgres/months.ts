/** Months since the year 0, in UTC. */
export function monthOf(instant: number): number {
  const date = new Date(instant);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** First instant of a month, epoch milliseconds. */
export function monthStart(month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(Math.floor(month / 12), month - Math.floor(month / 12) * 12, 1);
  return date.getTime();
}

/** The months of the given instants. */
export function monthsOf(timestamps: Float64Array): Set<number> {
  const months = new Set<number>();
  let start = 0;
  let end = 0;
  for (const instant of timestamps) {
    if (instant >= start && instant < end) continue;
    const month = monthOf(instant);
    months.add(month);
    start = monthStart(month);
    end = monthStart(month + 1);
  }
  return months;
}

/** `2026-01` */
export function monthName(month: number): string {
  const year = Math.floor(month / 12);
  return `${year}-${String(month - year * 12 + 1).padStart(2, '0')}`;
}

/** The month at the end of a partition's name. */
export function monthOfPartition(name: string): number {
  const [, year, month] = /\$(-?\d+)-(\d\d)$/.exec(name) ?? [];
  return Number(year) * 12 + Number(month) - 1;
}
