import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, test } from 'vitest';
import { describeWith } from '../../../test/needs.ts';
import { clearSky, cosIncidence, diffuseFraction, planeOfArray, refractionDeg, sunPosition } from './sun.ts';

describe('the position of the sun', () => {
  test('agrees with the example in NREL’s report on the solar position algorithm', () => {
    // Reda and Andreas, NREL/TP-560-34302, table A5.1: 820 hPa, 11 °C; their zenith includes refraction and the parallax at 1,830 m.
    const sun = sunPosition(Date.UTC(2003, 9, 17, 19, 30, 30), 39.742476, -105.1786);
    const lift = refractionDeg(90 - sun.zenithDeg) * (820 / 1013.25) * (288 / 284);
    expect(Math.abs(sun.zenithDeg - lift - 50.11162)).toBeLessThan(0.01);
    expect(Math.abs(sun.azimuthDeg - 194.34024)).toBeLessThan(0.01);
  });

  test('is at the zenith of the tropic at noon of the solstice, and moves from east to west', () => {
    // Greenwich, 21 June 2025, 12:02 UTC (equation of time −1 min 50 s): declination 23.44°.
    const noon = sunPosition(Date.UTC(2025, 5, 21, 12, 1, 50), 23.44, 0);
    expect(noon.zenithDeg).toBeLessThan(0.05);
    const azimuthAt = (hour: number) => sunPosition(Date.UTC(2025, 2, 20, hour), 52, 0).azimuthDeg;
    expect(azimuthAt(6)).toBeGreaterThan(80);
    expect(azimuthAt(6)).toBeLessThan(95);
    expect(azimuthAt(18)).toBeGreaterThan(265);
    expect(azimuthAt(18)).toBeLessThan(280);
  });

  test('gives 6.9 % more irradiance in January than in July', () => {
    const at = (month: number) => sunPosition(Date.UTC(2025, month, 4), 0, 0).extraterrestrialWM2;
    expect(at(0) / at(6)).toBeCloseTo(1.069, 3);
  });
});

describe('the clear sky', () => {
  test('agrees with the model of Ineichen and Perez', () => {
    // pvlib-python 0.11, tests/test_clearsky.py, test_ineichen_scalar_input: apparent zenith 10°, air mass 1, turbidity 3, sea level, 1364
    // W/m². The air mass of Kasten and Young is 1.0154 there, a difference of 0.2–0.3 %.
    const sun = { zenithDeg: 10 + refractionDeg(80), azimuthDeg: 180, extraterrestrialWM2: 1364 };
    const { ghi, dni, dhi } = clearSky(sun, 0, 3);
    expect(Math.abs(ghi / 1038.159 - 1)).toBeLessThan(0.004);
    expect(Math.abs(dni / 942.208 - 1)).toBeLessThan(0.004);
    expect(Math.abs(dhi / 110.265 - 1)).toBeLessThan(0.01);
  });

  test('is zero at night', () => {
    expect(clearSky({ zenithDeg: 91, azimuthDeg: 270, extraterrestrialWM2: 1361 }, 0, 3)).toEqual({
      ghi: 0,
      dni: 0,
      dhi: 0,
    });
  });
});

describe('irradiance on a plane', () => {
  const sun = { zenithDeg: 40, azimuthDeg: 150, extraterrestrialWM2: 1361 };
  const sky = clearSky(sun, 0, 3);

  test('that is horizontal is the global irradiance', () => {
    // The clear sky uses the refracted position of the sun, the plane does not: 0.02 % at an elevation of 50°.
    expect(Math.abs(planeOfArray(sun, sky, { tiltDeg: 0, azimuthDeg: 180 }) / sky.ghi - 1)).toBeLessThan(0.0005);
  });

  test('that faces the sun is at its maximum, with the full beam', () => {
    const facing = { tiltDeg: 40, azimuthDeg: 150 };
    expect(cosIncidence(sun, facing)).toBeCloseTo(1, 9);
    const best = planeOfArray(sun, sky, facing);
    expect(best).toBeGreaterThan(planeOfArray(sun, sky, { tiltDeg: 40, azimuthDeg: 210 }));
    expect(best).toBeGreaterThan(sky.dni);
  });

  test('that faces away has no beam', () => {
    const away = planeOfArray(sun, sky, { tiltDeg: 90, azimuthDeg: 330 });
    expect(away).toBeLessThan(sky.dhi + 0.1 * sky.ghi);
    expect(away).toBeGreaterThan(0);
  });
});

test('the diffuse fraction follows Erbs and is continuous', () => {
  expect(diffuseFraction(0.1)).toBeCloseTo(0.991, 6);
  expect(diffuseFraction(0.5)).toBeCloseTo(0.6592, 3);
  expect(diffuseFraction(0.9)).toBe(0.165);
  expect(Math.abs(diffuseFraction(0.22) - diffuseFraction(0.2201))).toBeLessThan(0.003);
});

describeWith('REAL_DATA', 'a year of NREL’s satellite data', (folder) => {
  const file = join(folder, 'weather', 'nsrdb-psm4-2023-30min.csv.gz');
  const rows = gunzipSync(readFileSync(file)).toString().trim().split('\n').slice(1);

  test('agrees on the position of the sun within 0.1° except near the horizon', () => {
    let worst = 0;
    let compared = 0;
    for (const row of rows) {
      const cells = row.split(',').map(Number);
      const [, year = 0, month = 0, day = 0, hour = 0, minute = 0] = cells;
      // Instants in local standard time.
      const instant = Date.UTC(year, month - 1, day, hour, minute) + 7 * HOUR_MS;
      const elevation = 90 - sunPosition(instant, 40.5137, -108.5449).zenithDeg;
      if (Math.abs(elevation) < 1) continue;
      const lift = elevation > 0 ? refractionDeg(elevation) * (cells[25]! / 1013.25) : 0;
      worst = Math.max(worst, Math.abs(90 - elevation - lift - cells[22]!));
      compared++;
    }
    expect(compared).toBeGreaterThan(17_000);
    expect(worst).toBeLessThan(0.1);
  });
});
