import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';

/** Position of the sun and irradiance: geometry and clear-sky physics. Angles in degrees, irradiance in W/m². */

const DEGREE = Math.PI / 180;
/** Instant of J2000.0: 2000-01-01 12:00 UTC. */
const J2000_MS = 946_728_000_000;
/** Total solar irradiance at 1 au, W/m² (Kopp and Lean, Geophys. Res. Lett. 38 (2011) L01706). */
const SOLAR_CONSTANT_W_M2 = 1361;

export interface SunPosition {
  /** Angle of the sun's centre from the vertical, without refraction. */
  zenithDeg: number;
  /** Clockwise from north. */
  azimuthDeg: number;
  /** On a plane facing the sun outside the atmosphere, W/m². */
  extraterrestrialWM2: number;
}

export interface Irradiance {
  /** Global horizontal irradiance. */
  ghi: number;
  /** Direct normal irradiance. */
  dni: number;
  /** Diffuse horizontal irradiance. */
  dhi: number;
}

export interface Plane {
  /** 0 is horizontal, 90 vertical. */
  readonly tiltDeg: number;
  /** Direction of the plane, clockwise from north. */
  readonly azimuthDeg: number;
}

/**
 * Position of the sun by the low-precision formulas of the Astronomical Almanac, accurate to 0.01° from 1950 to 2050 (Michalsky, Solar
 * Energy 40 (1988) 227).
 * @param instant epoch milliseconds
 * @param into is filled and returned, so that a loop need not allocate an object per instant
 */
export function sunPosition(
  instant: number,
  latitudeDeg: number,
  longitudeDeg: number,
  into: SunPosition = { zenithDeg: 0, azimuthDeg: 0, extraterrestrialWM2: 0 },
): SunPosition {
  const days = (instant - J2000_MS) / UTC_DAY_MS;
  const meanAnomaly = (357.528 + 0.9856003 * days) * DEGREE;
  const meanLongitude = 280.46 + 0.9856474 * days;
  const longitude = (meanLongitude + 1.915 * Math.sin(meanAnomaly) + 0.02 * Math.sin(2 * meanAnomaly)) * DEGREE;
  const obliquity = (23.439 - 4e-7 * days) * DEGREE;
  const sinLongitude = Math.sin(longitude);
  const rightAscension = Math.atan2(Math.cos(obliquity) * sinLongitude, Math.cos(longitude));
  const sinDeclination = Math.sin(obliquity) * sinLongitude;
  const cosDeclination = Math.sqrt(1 - sinDeclination * sinDeclination);
  // Greenwich mean sidereal time, with UT hours included in the days: 24 h + 3 min 56.555 s per day.
  const siderealDeg = 280.46062 + 360.98564737 * days + longitudeDeg;
  const hourAngle = (siderealDeg % 360) * DEGREE - rightAscension;
  const sinLatitude = Math.sin(latitudeDeg * DEGREE);
  const cosLatitude = Math.cos(latitudeDeg * DEGREE);
  const cosHour = Math.cos(hourAngle);
  const cosZenith = sinDeclination * sinLatitude + cosDeclination * cosLatitude * cosHour;
  const east = -cosDeclination * Math.sin(hourAngle);
  const north = sinDeclination * cosLatitude - cosDeclination * sinLatitude * cosHour;
  const distanceAu = 1.00014 - 0.01671 * Math.cos(meanAnomaly) - 0.00014 * Math.cos(2 * meanAnomaly);
  into.zenithDeg = Math.acos(Math.min(1, Math.max(-1, cosZenith))) / DEGREE;
  into.azimuthDeg = (Math.atan2(east, north) / DEGREE + 360) % 360;
  into.extraterrestrialWM2 = SOLAR_CONSTANT_W_M2 / (distanceAu * distanceAu);
  return into;
}

/**
 * Atmospheric refraction (Michalsky 1988) at 1013.25 hPa and 15 °C.
 * @param elevationDeg true elevation: 90 − zenith
 */
export function refractionDeg(elevationDeg: number): number {
  if (elevationDeg < -0.56) return 0.56;
  const e = elevationDeg;
  return (3.51561 * (0.1594 + 0.0196 * e + 0.00002 * e * e)) / (1 + 0.505 * e + 0.0845 * e * e);
}

/**
 * Clear-sky model of Ineichen and Perez (Solar Energy 73 (2002) 151) with the air mass of Kasten and Young (Appl. Opt. 28 (1989) 4735).
 * @param linkeTurbidity 2 is very clean air, 3 typical, 5 hazy
 */
export function clearSky(
  sun: SunPosition,
  altitudeM: number,
  linkeTurbidity: number,
  into: Irradiance = { ghi: 0, dni: 0, dhi: 0 },
): Irradiance {
  const elevationDeg = 90 - sun.zenithDeg;
  const apparentDeg = elevationDeg + (elevationDeg > -1 ? refractionDeg(elevationDeg) : 0);
  if (apparentDeg <= 0) {
    into.ghi = 0;
    into.dni = 0;
    into.dhi = 0;
    return into;
  }
  const cosZenith = Math.sin(apparentDeg * DEGREE);
  const relativeAirMass = 1 / (cosZenith + 0.50572 * (apparentDeg + 6.07995) ** -1.6364);
  const airMass = relativeAirMass * (1 - 2.25577e-5 * altitudeM) ** 5.25588;
  const fh1 = Math.exp(-altitudeM / 8000);
  const fh2 = Math.exp(-altitudeM / 1250);
  const cg1 = 5.09e-5 * altitudeM + 0.868;
  const cg2 = 3.92e-5 * altitudeM + 0.0387;
  const ghi = cg1 * sun.extraterrestrialWM2 * cosZenith * Math.exp(-cg2 * airMass * (fh1 + fh2 * (linkeTurbidity - 1)));
  const beam = (0.664 + 0.163 / fh1) * sun.extraterrestrialWM2 * Math.exp(-0.09 * airMass * (linkeTurbidity - 1));
  const beamLimit = (ghi * (1 - (0.1 - 0.2 * Math.exp(-linkeTurbidity)) / (0.1 + 0.882 / fh1))) / cosZenith;
  into.ghi = ghi;
  into.dni = Math.max(0, Math.min(beam, beamLimit));
  into.dhi = ghi - into.dni * cosZenith;
  return into;
}

/**
 * Diffuse share of the global irradiance, 0–1 (Erbs, Klein and Duffie, Solar Energy 28 (1982) 293, eq. 1).
 * @param clearness global ÷ extraterrestrial irradiance, both horizontal
 */
export function diffuseFraction(clearness: number): number {
  const k = clearness;
  if (k <= 0.22) return 1 - 0.09 * k;
  if (k > 0.8) return 0.165;
  return 0.9511 + k * (-0.1604 + k * (4.388 + k * (-16.638 + k * 12.336)));
}

/** Cosine of the angle between the direction of the sun and a plane's normal; negative if the sun is behind the plane. */
export function cosIncidence(sun: SunPosition, plane: Plane): number {
  const zenith = sun.zenithDeg * DEGREE;
  const tilt = plane.tiltDeg * DEGREE;
  return (
    Math.cos(tilt) * Math.cos(zenith) +
    Math.sin(tilt) * Math.sin(zenith) * Math.cos((sun.azimuthDeg - plane.azimuthDeg) * DEGREE)
  );
}

/**
 * Irradiance on a tilted plane: beam, sky by Hay and Davies (1980: the circumsolar part comes from the direction of the sun, the remainder
 * is isotropic), and ground reflection.
 * @param albedo of the ground: 0.2 for grass, 0.6 for snow
 */
export function planeOfArray(sun: SunPosition, sky: Irradiance, plane: Plane, albedo = 0.2): number {
  if (sky.ghi <= 0) return 0;
  const incidence = Math.max(0, cosIncidence(sun, plane));
  // Near the horizon the ratio of the two cosines is unbounded: 0.01745 corresponds to 89°.
  const ratio = incidence / Math.max(Math.cos(sun.zenithDeg * DEGREE), 0.01745);
  const anisotropy = sky.dni / sun.extraterrestrialWM2;
  const cosTilt = Math.cos(plane.tiltDeg * DEGREE);
  const diffuse = sky.dhi * (anisotropy * ratio + ((1 - anisotropy) * (1 + cosTilt)) / 2);
  return sky.dni * incidence + diffuse + (sky.ghi * albedo * (1 - cosTilt)) / 2;
}
