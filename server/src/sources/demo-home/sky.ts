import type { Random } from './random.ts';

const RADIANS = Math.PI / 180;
const J2000_MS = Date.UTC(2000, 0, 1, 12);

/** Where the sun stands: sine of its altitude, and its azimuth clockwise from north in radians. */
export interface Sun {
  readonly sineAltitude: number;
  readonly azimuth: number;
}

/**
 * Position of the sun without refraction, good to about 0.01° between 1950 and 2050.
 * Astronomical Almanac's low-precision formula (Michalsky 1988, Solar Energy 40(3)).
 */
export function sunAt(instant: number, latitude: number, longitude: number): Sun {
  const days = (instant - J2000_MS) / 86_400_000;
  const meanLongitude = 280.46 + 0.9856474 * days;
  const anomaly = (357.528 + 0.9856003 * days) * RADIANS;
  const ecliptic = (meanLongitude + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RADIANS;
  const obliquity = (23.439 - 0.0000004 * days) * RADIANS;
  const ascension = Math.atan2(Math.cos(obliquity) * Math.sin(ecliptic), Math.cos(ecliptic));
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(ecliptic));
  const utcHours = (((instant % 86_400_000) + 86_400_000) % 86_400_000) / 3_600_000;
  const siderealHours = 6.697375 + 0.0657098242 * days + utcHours;
  const hourAngle = (siderealHours * 15 + longitude) * RADIANS - ascension;
  const phi = latitude * RADIANS;
  const sineAltitude =
    Math.sin(declination) * Math.sin(phi) + Math.cos(declination) * Math.cos(phi) * Math.cos(hourAngle);
  const azimuth =
    Math.PI +
    Math.atan2(Math.sin(hourAngle), Math.cos(hourAngle) * Math.sin(phi) - Math.tan(declination) * Math.cos(phi));
  return { sineAltitude, azimuth };
}

/** Clear-sky global irradiance on the level, W/m² (Haurwitz 1945). */
export function clearSky(sineAltitude: number): number {
  return sineAltitude <= 0 ? 0 : 1098 * sineAltitude * Math.exp(-0.057 / sineAltitude);
}

/**
 * Irradiance on a tilted plane, W/m²: Erbs (1982) parts the global irradiance into beam and diffuse, the diffuse part is isotropic
 * (Liu and Jordan 1963), and the ground reflects a fifth. Angles in radians, azimuth clockwise from north.
 */
export function onPlane(global: number, sun: Sun, tilt: number, azimuth: number): number {
  if (sun.sineAltitude <= 0.02 || global <= 0) return 0;
  const clearness = Math.min(global / (1361 * sun.sineAltitude), 0.85);
  const diffuseShare =
    clearness <= 0.22
      ? 1 - 0.09 * clearness
      : clearness <= 0.8
        ? 0.9511 - 0.1604 * clearness + 4.388 * clearness ** 2 - 16.638 * clearness ** 3 + 12.336 * clearness ** 4
        : 0.165;
  const diffuse = global * diffuseShare;
  const beam = (global - diffuse) / sun.sineAltitude;
  const cosineAltitude = Math.sqrt(Math.max(1 - sun.sineAltitude ** 2, 0));
  const incidence =
    sun.sineAltitude * Math.cos(tilt) + cosineAltitude * Math.sin(tilt) * Math.cos(sun.azimuth - azimuth);
  const view = (1 + Math.cos(tilt)) / 2;
  return beam * Math.max(incidence, 0) + diffuse * view + 0.2 * global * (1 - view);
}

/** The weather of one place: cloud cover of the day, fast clouds within it, and temperature that follows both. */
export interface WeatherState {
  /** Slow cloudiness, 0 clear to 1 overcast. */
  cloud: number;
  /** Share of the clear-sky irradiance that comes through at the moment. */
  through: number;
  /** Departure of the temperature from the season's mean, °C. */
  warmth: number;
  wind: number;
}

export const FIRST_WEATHER: WeatherState = { cloud: 0.5, through: 0.6, warmth: 0, wind: 3 };

/** Moves the weather on by a step: each part is an Ornstein–Uhlenbeck process, so a long step and many short ones look alike. */
export function stepWeather(weather: WeatherState, stepMs: number, random: Random): void {
  const hours = stepMs / 3_600_000;
  weather.cloud = clamp(revert(weather.cloud, 0.5, 0.35, 14, hours, random), 0, 1);
  const broken = 4 * weather.cloud * (1 - weather.cloud);
  const mean = 1 - 0.75 * weather.cloud ** 1.6;
  weather.through = clamp(revert(weather.through, mean, 0.03 + 0.22 * broken, 0.12, hours, random), 0.08, 1.05);
  weather.warmth = revert(weather.warmth, 0, 3.5, 60, hours, random);
  weather.wind = Math.max(revert(weather.wind, 3.5, 1.8, 5, hours, random), 0);
}

/** Outdoor temperature, °C: season, time of day (warmest two hours after solar noon), clouds and the weather's own departure. */
export function outdoorTemperature(instant: number, longitude: number, weather: WeatherState): number {
  const yearShare = ((instant / 86_400_000) % 365.2425) / 365.2425;
  const seasonal = 9.5 - 10.5 * Math.cos(2 * Math.PI * (yearShare - 0.055));
  const solarHour = ((instant / 3_600_000 + longitude / 15) % 24) - 14;
  const swing = (2.5 + 2.5 * (1 - Math.cos(2 * Math.PI * yearShare))) * (1 - 0.6 * weather.cloud);
  return seasonal + swing * Math.cos((Math.PI * solarHour) / 12) + weather.warmth;
}

/** One exact step of a process that drifts back to `mean` with the given stationary deviation and time constant in hours. */
function revert(
  value: number,
  mean: number,
  deviation: number,
  timeConstantH: number,
  hours: number,
  random: Random,
): number {
  const keep = Math.exp(-hours / timeConstantH);
  return mean + (value - mean) * keep + deviation * Math.sqrt(1 - keep * keep) * random.normal();
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
