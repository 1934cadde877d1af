import {
  BAND_HOLDS,
  BAND_PRICE,
  BANDS_COST,
  CARBON,
  COST,
  FEED_COST,
  FEED_SLOTS,
  SLOTS,
  TIERS_COST,
} from './cost-functions.ts';

/**
 * Key figures of machines as SQL functions, for users of SQL: the same definitions as `/api/v1/kpi`, which a test verifies. A machine is
 * named by its device id. `expected_s` is its declared reporting interval; without it, the median interval of the samples in the window
 * applies (in the API, each day has its own).
 */
export function kpiFunctions(schema: string): string[] {
  return FUNCTIONS.map(
    ([name, parameters, returns, body]) =>
      `create or replace function ${name}(${parameters}) returns ${returns} language plpgsql stable set search_path = ${schema} as $function$ ${body} $function$`,
  );
}

const SAMPLES = `
begin
  if exists (select from telemetry_quantities q join telemetry_groups g on g.id = q.metric_group
    where g.name = of_group and q.name = of_quantity) then
    return query execute format(
      'select s.ts, s.%1$I from %2$I s where s.device = $1
        and s.ts >= $2 and s.ts < $3 and s.%1$I is not null order by s.ts', of_quantity, 'samples_' || of_group)
      using (select id from telemetry_devices where name = machine), from_ts, to_ts;
  end if;
end`;

/** Power as a step function: each sample until the next, or for one interval when the next is more than 2.5 intervals away. */
const STEPS = `
declare interval_s float8 := expected_s;
begin
  if interval_s is null then
    select percentile_disc(0.5) within group (order by distance) into interval_s from (
      select extract(epoch from p.ts - lag(p.ts) over (order by p.ts))::float8 as distance
      from kpi_samples(machine, 'energy', 'power_kw', from_ts - interval '2 hours', to_ts + interval '2 hours') p) distances;
  end if;
  interval_s := coalesce(interval_s, 900);
  return query
    select greatest(s.ts, from_ts), least(s.ends, to_ts), s.value from (
      select p.ts, p.value,
        case when lead(p.ts) over (order by p.ts) - p.ts <= interval_s * 2.5 * interval '1 second'
          then lead(p.ts) over (order by p.ts) else p.ts + interval_s * interval '1 second' end as ends
      from kpi_samples(machine, 'energy', 'power_kw',
        from_ts - interval_s * 2.5 * interval '1 second', to_ts + interval_s * 2.5 * interval '1 second') p) s
    where s.ends > from_ts and s.ts < to_ts order by s.ts;
end`;

/**
 * Growth of the counter: the decided growth of a day (`telemetry_growth`), on all other days the differences of consecutive samples, in
 * pieces that end at midnight UTC. Samples are searched as far as in `domain/counters`: three days on either side.
 */
const GROWTH = `
declare opening timestamptz := to_timestamp((floor(extract(epoch from from_ts) / 86400) - 3) * 86400);
  closing timestamptz := to_timestamp((ceil(extract(epoch from to_ts) / 86400) + 3) * 86400);
begin
  return query
    with samples as (
      select s.ts as opens, lead(s.ts) over (order by s.ts) as closes, greatest(lead(s.value) over (order by s.ts) - s.value, 0) as rise
      from kpi_samples(machine, 'energy', 'energy_kwh', opening, closing) s
    ), pieces as (
      select greatest(s.opens, to_timestamp(d.day * 86400), from_ts) as piece_since,
        least(s.closes, to_timestamp((d.day + 1) * 86400), to_ts) as piece_until, s.opens, s.closes, s.rise
      from samples s cross join lateral generate_series(
        floor(extract(epoch from s.opens) / 86400)::int, ceil(extract(epoch from s.closes) / 86400)::int - 1) d(day)
      where s.closes > from_ts and s.opens < to_ts
        and not exists (select from telemetry_growth g where g.device = machine and g.day = d.day)
      union all
      select greatest(g.opens, from_ts), least(g.closes, to_ts), g.opens, g.closes, g.kwh
      from telemetry_growth g where g.device = machine and g.closes > g.opens and g.closes > from_ts and g.opens < to_ts
        and g.day between floor(extract(epoch from from_ts) / 86400)::int and ceil(extract(epoch from to_ts) / 86400)::int
    )
    select p.piece_since, p.piece_until,
      p.rise * (extract(epoch from p.piece_until - p.piece_since)::float8 / extract(epoch from p.closes - p.opens)::float8)
      from pieces p where p.piece_until > p.piece_since order by p.piece_since;
end`;

/**
 * Energy in pieces: in each hour, the counter gives the amount and the power its distribution; without one of them, the other gives both.
 */
const ENERGY = `
begin
  return query
    with hourly_growth as (
      select hour, greatest(g.since, hour) as piece_since, least(g.until, hour + interval '1 hour') as piece_until,
        g.kwh * (extract(epoch from least(g.until, hour + interval '1 hour') - greatest(g.since, hour))
          / extract(epoch from g.until - g.since))::float8 as piece
      from kpi_growth(machine, from_ts, to_ts) g cross join lateral generate_series(
        to_timestamp(floor(extract(epoch from g.since) / 3600) * 3600), g.until - interval '1 microsecond', interval '1 hour') hour
    ), counted as (select hour, sum(piece) as total from hourly_growth group by hour), hourly_power as (
      select hour, greatest(s.since, hour) as piece_since, least(s.until, hour + interval '1 hour') as piece_until,
        s.kw * extract(epoch from least(s.until, hour + interval '1 hour') - greatest(s.since, hour))::float8 / 3600 as piece
      from kpi_steps(machine, from_ts, to_ts, expected_s) s cross join lateral generate_series(
        to_timestamp(floor(extract(epoch from s.since) / 3600) * 3600), s.until - interval '1 microsecond', interval '1 hour') hour
    ), integrated as (select hour, sum(piece) as total from hourly_power group by hour)
    select p.piece_since, p.piece_until, p.piece * coalesce(c.total / i.total, 1)
      from hourly_power p join integrated i using (hour) left join counted c using (hour)
      where c.total is null or i.total <> 0
    union all
    select g.piece_since, g.piece_until, g.piece
      from hourly_growth g left join integrated i using (hour) where i.total is null or i.total = 0;
end`;

const SEC = `
declare units float8;
begin
  select sum(p.value) into units from kpi_samples(machine, 'production', 'count', from_ts, to_ts) p;
  return calculate_energy(machine, from_ts, to_ts, expected_s) / nullif(units, 0);
end`;

/** The power; for a machine with only a counter, its growth. */
const PEAK_PIECES = `
begin
  return query select s.since, s.until, s.kw * extract(epoch from s.until - s.since)::float8 / 3600
    from kpi_steps(machine, from_ts, to_ts, expected_s) s;
  if not found then return query select g.since, g.until, g.kwh from kpi_growth(machine, from_ts, to_ts) g; end if;
end`;

/** The exact maximum mean over any 15 minutes that start or end with a piece, with a coverage of at least 80 %. */
const PEAK = `
declare
  starts float8[]; ends float8[]; kws float8[]; energy float8[] := '{0}'; known float8[] := '{0}';
  candidates float8[]; shift float8; edge float8; since_s float8; until_s float8;
  low int; high int; count int; ms float8; mean float8; inside float8; kwh0 float8; ms0 float8; kwh1 float8; ms1 float8;
  best float8; best_since float8; first_s float8 := extract(epoch from from_ts); last_s float8 := extract(epoch from to_ts);
begin
  select array_agg(extract(epoch from s.since)::float8 order by s.since), array_agg(extract(epoch from s.until)::float8 order by s.since),
    array_agg(s.kw order by s.since) into starts, ends, kws
    from (select p.since, p.until, p.kwh * 3600 / nullif(extract(epoch from p.until - p.since)::float8, 0) as kw
      from kpi_peak_pieces(machine, from_ts, to_ts, expected_s) p) s;
  count := coalesce(array_length(starts, 1), 0);
  for i in 1 .. count loop
    energy[i + 1] := energy[i] + kws[i] * (ends[i] - starts[i]) / 3600;
    known[i + 1] := known[i] + ends[i] - starts[i];
  end loop;
  foreach shift in array array[0, 900]::float8[] loop
    select array_agg(x order by x) into candidates from unnest(case when shift = 0 then starts || first_s else ends || last_s end) x;
    low := 1; high := 1;
    foreach edge in array coalesce(candidates, '{}') loop
      since_s := edge - shift; until_s := since_s + 900;
      continue when since_s < first_s or until_s > last_s;
      while low <= count and ends[low] <= since_s loop low := low + 1; end loop;
      while high <= count and ends[high] <= until_s loop high := high + 1; end loop;
      inside := case when low <= count then greatest(since_s - starts[low], 0) else 0 end;
      kwh0 := energy[low] + inside * coalesce(kws[low], 0) / 3600; ms0 := known[low] + inside;
      inside := case when high <= count then greatest(until_s - starts[high], 0) else 0 end;
      kwh1 := energy[high] + inside * coalesce(kws[high], 0) / 3600; ms1 := known[high] + inside;
      ms := ms1 - ms0;
      continue when ms < 0.8 * 900;
      mean := (kwh1 - kwh0) * 3600 / ms;
      if best is null or mean > best + 1e-9 * abs(best) or (mean >= best - 1e-9 * abs(best) and since_s < best_since) then
        best := mean; best_since := since_s;
      end if;
    end loop;
  end loop;
  if best is not null then kw := best; since := to_timestamp(best_since); return next; end if;
end`;

const LOAD_FACTOR = `
declare mean float8;
begin
  select sum(e.kwh) * 3600 / nullif(sum(extract(epoch from e.until - e.since))::float8, 0) into mean
    from kpi_energy(machine, from_ts, to_ts, expected_s) e;
  return mean / nullif(calculate_peak_demand(machine, from_ts, to_ts, expected_s), 0);
end`;

const ALL = `
begin
  return query select calculate_sec(machine, from_ts, to_ts, expected_s), p.kw, p.since, calculate_load_factor(machine, from_ts, to_ts, expected_s),
    calculate_energy_cost(machine, from_ts, to_ts, zone, expected_s => expected_s),
    calculate_carbon_intensity(machine, from_ts, to_ts, expected_s => expected_s)
    from (select 1) one left join kpi_peak(machine, from_ts, to_ts, expected_s) p on true;
end`;

const SPAN = 'machine text, from_ts timestamptz, to_ts timestamptz';
const INTERVAL = 'expected_s float8 default null';
const PIECES = 'table (since timestamptz, until timestamptz, kwh float8)';
const PRICES = `zone text default 'UTC', peak_price float8 default null, off_peak_price float8 default null,
  peak_from time default null, peak_to time default null`;
const NEEDS = 'machine text, from_ts timestamptz, to_ts timestamptz, expected_s float8';
const KPIS =
  'table (sec float8, peak_demand float8, peak_demand_at timestamptz, load_factor float8, energy_cost float8, carbon_intensity float8)';

const FUNCTIONS: readonly (readonly [name: string, parameters: string, returns: string, body: string])[] = [
  [
    'kpi_samples',
    'machine text, of_group text, of_quantity text, from_ts timestamptz, to_ts timestamptz',
    'table (ts timestamptz, value float8)',
    SAMPLES,
  ],
  ['kpi_steps', `${SPAN}, ${INTERVAL}`, 'table (since timestamptz, until timestamptz, kw float8)', STEPS],
  ['kpi_growth', SPAN, PIECES, GROWTH],
  ['kpi_energy', `${SPAN}, ${INTERVAL}`, PIECES, ENERGY],
  ['kpi_peak_pieces', `${SPAN}, ${INTERVAL}`, PIECES, PEAK_PIECES],
  ['kpi_peak', `${SPAN}, ${INTERVAL}`, 'table (kw float8, since timestamptz)', PEAK],
  ['kpi_slots', NEEDS, PIECES, SLOTS],
  [
    'kpi_feed_slots',
    'feeds text[], of_group text, of_quantity text, from_ts timestamptz, to_ts timestamptz',
    'table (since timestamptz, value float8)',
    FEED_SLOTS,
  ],
  ['kpi_band_holds', 'band jsonb, holidays jsonb, on_day date', 'boolean', BAND_HOLDS],
  ['kpi_band_price', 'price jsonb, local_time timestamp', 'float8', BAND_PRICE],
  ['kpi_bands_cost', `${NEEDS}, zone text, price jsonb`, 'float8', BANDS_COST],
  ['kpi_tiers_cost', `${NEEDS}, zone text, price jsonb`, 'float8', TIERS_COST],
  ['kpi_feed_cost', `${NEEDS}, price jsonb, feeds text[]`, 'float8', FEED_COST],
  [
    'calculate_energy',
    `${SPAN}, ${INTERVAL}`,
    'float8',
    'begin return (select sum(kwh) from kpi_energy(machine, from_ts, to_ts, expected_s)); end',
  ],
  ['calculate_sec', `${SPAN}, ${INTERVAL}`, 'float8', SEC],
  [
    'calculate_peak_demand',
    `${SPAN}, ${INTERVAL}`,
    'float8',
    'begin return (select kw from kpi_peak(machine, from_ts, to_ts, expected_s)); end',
  ],
  ['calculate_load_factor', `${SPAN}, ${INTERVAL}`, 'float8', LOAD_FACTOR],
  ['calculate_energy_cost', `${SPAN}, ${PRICES}, ${INTERVAL}`, 'float8', COST],
  ['calculate_carbon_intensity', `${SPAN}, factor_kg_per_kwh float8 default null, ${INTERVAL}`, 'float8', CARBON],
  ['calculate_all_kpis', `${SPAN}, zone text default 'UTC', ${INTERVAL}`, KPIS, ALL],
];
