/** Bodies of `calculate_energy_cost` and `calculate_carbon_intensity`: prices and factors as in `/api/v1/kpi`. */

/** Energy by quarter hour; time zones differ from UTC by whole quarter hours. */
export const SLOTS = `
begin
  return query
    select greatest(s.slot, from_ts), least(s.slot + interval '15 minutes', to_ts), sum(s.piece) from (
      select slot, e.kwh * extract(epoch from least(e.until, slot + interval '15 minutes') - greatest(e.since, slot))::float8
        / extract(epoch from e.until - e.since)::float8 as piece
      from kpi_energy(machine, from_ts, to_ts, expected_s) e
      cross join lateral generate_series(
        to_timestamp(floor(extract(epoch from e.since) / 900) * 900), e.until - interval '1 microsecond', interval '15 minutes') slot
      where e.until > e.since) s
    group by s.slot;
end`;

/**
 * Published values by quarter hour; of several feeds, the first with a known value. A value holds until the next, at most 2.5 median
 * intervals, 1 to 25 hours.
 */
export const FEED_SLOTS = `
begin
  return query
    with samples as (
      select f.n, s.ts, s.value as amount, lead(s.ts) over (partition by f.n order by s.ts) as following
      from unnest(feeds) with ordinality f(name, n)
      cross join lateral kpi_samples(f.name, of_group, of_quantity, from_ts - interval '25 hours', to_ts) s
    ), holds as (
      select d.n, least(25, greatest(1, coalesce(2.5 * (array_agg(d.hours order by d.hours))[count(d.hours) / 2 + 1], 25))) * interval '1 hour' as hold
      from (select n, extract(epoch from following - ts)::float8 / 3600 as hours from samples) d group by d.n
    ), stretches as (
      select s.n, s.amount, greatest(s.ts, from_ts) as opens, least(s.following, s.ts + h.hold, to_ts) as closes
      from samples s join holds h using (n)
    ), pieces as (
      select n, slot, amount, extract(epoch from least(closes, slot + interval '15 minutes') - greatest(opens, slot))::float8 as seconds
      from stretches cross join lateral generate_series(
        to_timestamp(floor(extract(epoch from opens) / 900) * 900), closes - interval '1 microsecond', interval '15 minutes') slot
      where closes > opens
    )
    select distinct on (p.slot) greatest(p.slot, from_ts), p.mean
    from (select n, slot, sum(amount * seconds) / sum(seconds) as mean from pieces group by n, slot) p order by p.slot, p.n;
end`;

export const BAND_HOLDS = `
declare month_day text := to_char(on_day, 'MM-DD'); first text := band #>> '{season,from}'; last text := band #>> '{season,to}';
  is_holiday boolean := coalesce(holidays @> to_jsonb(to_char(on_day, 'YYYY-MM-DD')), false);
begin
  return (band->'weekdays' is null or band->'weekdays' @> to_jsonb(extract(isodow from on_day)::int))
    and (first is null or case when first <= last then month_day >= first and month_day <= last else month_day >= first or month_day <= last end)
    and case coalesce(band->>'holidays', 'include') when 'include' then true when 'only' then is_holiday else not is_holiday end;
end`;

/** The first matching band; a band across midnight belongs to the day on which it starts. */
export const BAND_PRICE = `
declare band jsonb; holidays jsonb := price->'holidays'; day date := local_time::date; opens int; closes int; fits boolean;
  minute int := extract(hour from local_time)::int * 60 + extract(minute from local_time)::int;
begin
  for band in select b.band from jsonb_array_elements(price->'bands') with ordinality b(band, n) order by b.n loop
    opens := split_part(band->>'from', ':', 1)::int * 60 + split_part(band->>'from', ':', 2)::int;
    closes := split_part(band->>'to', ':', 1)::int * 60 + split_part(band->>'to', ':', 2)::int;
    fits := case when closes <= opens
      then (minute >= opens and kpi_band_holds(band, holidays, day)) or (minute < closes and kpi_band_holds(band, holidays, day - 1))
      else minute >= opens and minute < closes and kpi_band_holds(band, holidays, day) end;
    if fits then return (band->>'price_per_kwh')::float8; end if;
  end loop;
  return (price #>> '{otherwise,price_per_kwh}')::float8;
end`;

/** A slot that crosses the edge of a band is split in proportion to time. */
export const BANDS_COST = `
declare step interval := case when exists (
  select from jsonb_array_elements(price->'bands') band
    where split_part(band->>'from', ':', 2)::int % 15 <> 0 or split_part(band->>'to', ':', 2)::int % 15 <> 0)
  then interval '1 minute' else interval '15 minutes' end;
begin
  return (
    select sum(s.kwh * p.mean) from kpi_slots(machine, from_ts, to_ts, expected_s) s cross join lateral (
      select sum(kpi_band_price(price, t at time zone zone) * extract(epoch from least(s.until, t + step) - t)::float8)
        / extract(epoch from s.until - s.since)::float8 as mean
      from generate_series(s.since, s.until - interval '1 microsecond', step) t) p);
end`;

/** The energy of each local day or month in the window fills the tiers from the lowest; the last tier is unlimited. */
export const TIERS_COST = `
begin
  return (
    with limits as (
      select coalesce((tier->>'up_to_kwh')::float8, 'Infinity') as up_to, (tier->>'price_per_kwh')::float8 as per_kwh
      from jsonb_array_elements(price->'tiers') tier
    ), tiers as (
      select per_kwh, coalesce(lag(up_to) over (order by up_to), 0) as low,
        case when row_number() over (order by up_to desc) = 1 then 'Infinity'::float8 else up_to end as high
      from limits
    ), used as (
      select sum(greatest(s.kwh, 0)) as kwh from kpi_slots(machine, from_ts, to_ts, expected_s) s
      group by date_trunc(price->>'period', s.since at time zone zone)
    )
    select sum(greatest(least(used.kwh, tiers.high) - tiers.low, 0) * tiers.per_kwh) from used cross join tiers);
end`;

/** `published`: a site without a tariff pays the published price, and its mean where none is published. */
export const FEED_COST = `
declare factor float8 := coalesce((price->>'factor')::float8, 1); markup float8 := coalesce((price->>'markup_per_kwh')::float8, 0);
  fallback float8 := coalesce((price->>'fallback_per_kwh')::float8,
    (select avg(f.value) from kpi_feed_slots(feeds, 'price', 'import_per_kwh', from_ts, to_ts) f), 0);
begin
  return (
    select sum(s.kwh * coalesce(f.value * factor + markup, fallback)) from kpi_slots(machine, from_ts, to_ts, expected_s) s
    left join kpi_feed_slots(feeds, 'price', 'import_per_kwh', from_ts, to_ts) f on f.since = s.since);
end`;

/** Uses the given arguments, else the tariff of the machine's site, else that of an industrial site. */
export const COST = `
declare terms record; is_known boolean := false;
begin
  if peak_price is null and off_peak_price is null and peak_from is null and peak_to is null then
    select m.zone, m.import_price, m.price_feeds into terms from telemetry_machines m where m.device = machine;
    is_known := found;
  end if;
  if is_known then
    case terms.import_price->>'type'
      when 'flat' then return calculate_energy(machine, from_ts, to_ts, expected_s) * (terms.import_price->>'price_per_kwh')::float8;
      when 'time_of_use' then return kpi_bands_cost(machine, from_ts, to_ts, expected_s, terms.zone, terms.import_price);
      when 'tiered' then return kpi_tiers_cost(machine, from_ts, to_ts, expected_s, terms.zone, terms.import_price);
      else return kpi_feed_cost(machine, from_ts, to_ts, expected_s, terms.import_price, terms.price_feeds);
    end case;
  end if;
  return kpi_bands_cost(machine, from_ts, to_ts, expected_s, coalesce(zone, 'UTC'), jsonb_build_object(
    'bands', jsonb_build_array(jsonb_build_object(
      'from', to_char(coalesce(peak_from, '08:00'), 'HH24:MI'), 'to', to_char(coalesce(peak_to, '20:00'), 'HH24:MI'),
      'price_per_kwh', coalesce(peak_price, 0.20))),
    'otherwise', jsonb_build_object('price_per_kwh', coalesce(off_peak_price, 0.10))));
end`;

export const CARBON = `
declare known record; is_known boolean := false;
begin
  if factor_kg_per_kwh is null then
    select m.emission_factor, m.carbon_feeds into known from telemetry_machines m where m.device = machine;
    is_known := found;
  end if;
  if not is_known then return calculate_energy(machine, from_ts, to_ts, expected_s) * coalesce(factor_kg_per_kwh, 0.45); end if;
  return (
    select sum(s.kwh * coalesce(f.value, known.emission_factor)) from kpi_slots(machine, from_ts, to_ts, expected_s) s
    left join kpi_feed_slots(known.carbon_feeds, 'carbon', 'intensity_kg_per_kwh', from_ts, to_ts) f on f.since = s.since);
end`;
