import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { FlowEnergy } from './flow-energy.ts';

const RADIANS = Math.PI / 180;
/** Altitude of the sun's centre when its upper edge is on the horizon: refraction and radius. */
const SUNSET_ALTITUDE_DEG = -0.833;
const J2000_MS = Date.UTC(2000, 0, 1, 12);

/** Slots that are entirely between sunset and sunrise, in which solar production is zero even without readings. */
export function darkBySun(edges: Float64Array, latitudeDeg: number, longitudeDeg: number): Uint8Array {
  const dark = new Uint8Array(edges.length - 1);
  for (let s = 0; s < dark.length; s++) {
    const start = edges[s]!;
    const end = edges[s + 1]!;
    if (end - start > HOUR_MS) continue;
    const isDown = (instant: number) => sunAltitudeDeg(instant, latitudeDeg, longitudeDeg) < SUNSET_ALTITUDE_DEG;
    dark[s] = isDown(start) && isDown((start + end) / 2) && isDown(end) ? 1 : 0;
  }
  return dark;
}

/**
 * Height of the sun above the horizon in degrees, within about 0.05° from 1950 to 2050: low-precision solar coordinates of the
 * Astronomical Almanac, section C, as in Michalsky, Solar Energy 40 (1988) 227–235.
 */
export function sunAltitudeDeg(instant: number, latitudeDeg: number, longitudeDeg: number): number {
  const days = (instant - J2000_MS) / (24 * HOUR_MS);
  const meanLongitude = 280.46 + 0.9856474 * days;
  const meanAnomaly = (357.528 + 0.9856003 * days) * RADIANS;
  const eclipticLongitude =
    (meanLongitude + 1.915 * Math.sin(meanAnomaly) + 0.02 * Math.sin(2 * meanAnomaly)) * RADIANS;
  const obliquity = (23.439 - 4e-7 * days) * RADIANS;
  const rightAscension = Math.atan2(Math.cos(obliquity) * Math.sin(eclipticLongitude), Math.cos(eclipticLongitude));
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(eclipticLongitude));
  const siderealDeg = 15 * (18.697374558 + 24.06570982441908 * days) + longitudeDeg;
  const hourAngle = siderealDeg * RADIANS - rightAscension;
  const latitude = latitudeDeg * RADIANS;
  const sine =
    Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  return Math.asin(Math.max(-1, Math.min(1, sine))) / RADIANS;
}

/** Production below this share of the window's maximum power counts as none. */
const LOW_POWER_SHARE = 0.05;
/** Maximum duration of a night; a longer silence is a fault. */
const MAX_NIGHT_MS = 20 * HOUR_MS;

/**
 * Detects nights without the site's location: inverters that switch off at night leave gaps between low power in the evening and low power
 * in the morning. A silent slot counts as night if production before and after it is at most 20 hours apart and the samples at both ends of
 * the gap are low.
 */
export function darkByProduction(solar: FlowEnergy, edges: Float64Array): Uint8Array {
  const slots = edges.length - 1;
  const dark = new Uint8Array(slots);
  const powerKw = new Float64Array(slots);
  let maxKw = 0;
  for (let s = 0; s < slots; s++) {
    const known = solar.knownMs[s]!;
    powerKw[s] = known > 0 ? (solar.kwh[s]! * HOUR_MS) / known : Number.NaN;
    const narrow = edges[s + 1]! - edges[s]! <= HOUR_MS;
    if (narrow && powerKw[s]! > maxKw) maxKw = powerKw[s]!;
  }
  let lastBright = -1;
  for (let s = 0; s < slots; s++) {
    if (!(powerKw[s]! > LOW_POWER_SHARE * maxKw)) continue;
    const isNight = lastBright >= 0 && edges[s]! - edges[lastBright + 1]! <= MAX_NIGHT_MS;
    if (isNight) markGap(solar, edges, dark, lastBright, s);
    lastBright = s;
  }
  return dark;
}

/** Extends astronomical nights by the adjacent silence: inverters switch off before sunset and on after sunrise. */
export function extendNights(dark: Uint8Array, silent: Uint8Array): Uint8Array {
  const nights = dark.slice();
  for (let from = 0; from < silent.length; from++) {
    if (silent[from] === 0) continue;
    let to = from;
    while (to < silent.length && silent[to] === 1) to++;
    if (dark.subarray(from, to).includes(1)) nights.fill(1, from, to);
    from = to;
  }
  return nights;
}

/** Marks slots without complete readings between two slots with production, unless the gap is adjacent to one of the two. */
function markGap(solar: FlowEnergy, edges: Float64Array, dark: Uint8Array, dusk: number, dawn: number): void {
  const knownMs = (slot: number) => solar.knownMs[slot]!;
  if (knownMs(dusk + 1) === 0 || knownMs(dawn - 1) === 0) return;
  for (let s = dusk + 1; s < dawn; s++) {
    if (knownMs(s) < edges[s + 1]! - edges[s]!) dark[s] = 1;
  }
}
