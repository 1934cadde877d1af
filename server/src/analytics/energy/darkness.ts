import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { FlowEnergy } from './flow-energy.ts';

const RADIANS = Math.PI / 180;
/** Altitude of the sun's centre when its upper edge is on the horizon: refraction and radius. */
const SUNSET_ALTITUDE_DEG = -0.833;
const J2000_MS = Date.UTC(2000, 0, 1, 12);

/** Slots in which the sun is down from beginning to end: what the panels make then is known without a reading. */
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

/** Below this share of the window's greatest power the panels are as good as asleep. */
const ASLEEP_SHARE = 0.05;
/** Longest time from dusk to dawn that counts as a night; a longer silence is a fault. */
const MAX_NIGHT_MS = 20 * HOUR_MS;

/**
 * Slots that look like night without knowing where on earth the site is: inverters that switch themselves off leave gaps from the
 * last faint sample of an evening to the first faint one of the morning. A silent slot counts as dark between two times of
 * production not more than 20 hours apart, when the samples around the silence are both faint.
 */
export function darkByHabit(solar: FlowEnergy, edges: Float64Array): Uint8Array {
  const slots = edges.length - 1;
  const dark = new Uint8Array(slots);
  const powerKw = new Float64Array(slots);
  let greatest = 0;
  for (let s = 0; s < slots; s++) {
    const known = solar.knownMs[s]!;
    powerKw[s] = known > 0 ? (solar.kwh[s]! * HOUR_MS) / known : Number.NaN;
    const narrow = edges[s + 1]! - edges[s]! <= HOUR_MS;
    if (narrow && powerKw[s]! > greatest) greatest = powerKw[s]!;
  }
  let lastBright = -1;
  for (let s = 0; s < slots; s++) {
    if (!(powerKw[s]! > ASLEEP_SHARE * greatest)) continue;
    const isNight = lastBright >= 0 && edges[s]! - edges[lastBright + 1]! <= MAX_NIGHT_MS;
    if (isNight) markSilence(solar, edges, dark, lastBright, s);
    lastBright = s;
  }
  return dark;
}

/** Nights by the sun, each made longer by the silence around it: inverters switch off before sunset and on after sunrise. */
export function withSleep(dark: Uint8Array, asleep: Uint8Array): Uint8Array {
  const nights = dark.slice();
  for (let from = 0; from < asleep.length; from++) {
    if (asleep[from] === 0) continue;
    let to = from;
    while (to < asleep.length && asleep[to] === 1) to++;
    if (dark.subarray(from, to).includes(1)) nights.fill(1, from, to);
    from = to;
  }
  return nights;
}

/** Marks the slots between two bright ones that are silent at least in part, unless the silence touches one of the bright ones. */
function markSilence(solar: FlowEnergy, edges: Float64Array, dark: Uint8Array, dusk: number, dawn: number): void {
  const knownMs = (slot: number) => solar.knownMs[slot]!;
  if (knownMs(dusk + 1) === 0 || knownMs(dawn - 1) === 0) return;
  for (let s = dusk + 1; s < dawn; s++) {
    if (knownMs(s) < edges[s + 1]! - edges[s]!) dark[s] = 1;
  }
}
