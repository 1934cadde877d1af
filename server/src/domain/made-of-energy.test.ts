import { expect, it } from 'vitest';
import { isMadeOfEnergy } from './made-of-energy.ts';

it.each([
  ['carbon.emissions_kg', 'kg'],
  ['press.co2_kg', 'kg'],
  ['press.totalCost', ''],
  ['press.amount', 'PLN'],
  ['press.money', '¤'],
  ['press.ghg', 'kg CO₂'],
  ['press.q', 'kvarh'],
  ['press.s', 'kVA'],
  ['press.power_factor', ''],
  ['press.cosPhi', ''],
  ['motor.power_w', 'W'],
  ['motor.current_a', 'A'],
  ['grid.energy_imported_kwh', 'kWh'],
  ['press.blindleistung', ''],
])('%s (%s) is derived from energy', (name, unit) => expect(isMadeOfEnergy({ name, unit })).toBe(true));

it.each([
  ['production.count', 'units'],
  ['environment.co2_ppm', 'ppm'],
  ['environment.outdoor_temp_c', '°C'],
  ['weather.irradiance_w_m2', 'W/m²'],
  ['press.pressure_bar', 'bar'],
  ['press.speed', 'rpm'],
  ['price.import_per_kwh', '¤/kWh'],
  ['dryer.moisture_percent', '%'],
  ['press.power_on_hours', 'h'],
])('%s (%s) may drive energy', (name, unit) => expect(isMadeOfEnergy({ name, unit })).toBe(false));
