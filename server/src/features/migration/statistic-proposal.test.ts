import { expect, test } from 'vitest';
import { proposeMetric } from './statistic-proposal.ts';

// Ids in the form of integrations of Home Assistant: Fronius, GoodWe, Sunsynk, Tesla Powerwall, DSMR, Tibber, Nord Pool, Electricity Maps, Shelly.
test.each([
  ['sensor.goodwe_pv_power', 'W', 'solar.power_kw'],
  ['sensor.fronius_battery_power', 'W', 'battery.power_kw'],
  ['sensor.powerwall_battery_now', 'kW', 'battery.power_kw'],
  ['sensor.sunsynk_grid_power', 'W', 'grid.power_kw'],
  ['sensor.grid_export_power', 'W', 'energy.power_kw'],
  ['sensor.house_consumption', 'W', 'load.power_kw'],
  ['sensor.wallbox_power', 'kW', 'vehicle.power_kw'],
  ['sensor.shelly_plug_kettle_power', 'W', 'energy.power_kw'],
  ['sensor.total_pv_generation', 'kWh', 'solar.energy_kwh'],
  ['sensor.battery_total_discharge', 'kWh', 'battery.energy_discharged_kwh'],
  ['sensor.battery_charge_total', 'kWh', 'battery.energy_charged_kwh'],
  ['sensor.grid_energy_imported', 'MWh', 'grid.energy_imported_kwh'],
  ['sensor.meter_energy_returned', 'Wh', 'grid.energy_exported_kwh'],
  ['sensor.battery_state_of_charge', '%', 'battery.soc_percent'],
  ['sensor.tesla_battery', '%', 'vehicle.soc_percent'],
  ['sensor.bathroom_humidity', '%', 'environment.humidity_percent'],
  ['sensor.outside_temperature', '°F', 'environment.outdoor_temp_c'],
  ['sensor.kitchen_temperature', '°C', 'environment.indoor_temp_c'],
  ['sensor.battery_temperature', 'K', 'battery.temperature_c'],
  ['sensor.nordpool_kwh_se3_sek', 'SEK/kWh', 'price.import_per_kwh'],
  ['sensor.tibber_feed_in_price', '€/kWh', 'price.export_per_kwh'],
  ['sensor.electricity_maps_co2_intensity', 'gCO2eq/kWh', 'carbon.intensity_kg_per_kwh'],
  ['sensor.grid_frequency', 'Hz', 'grid.frequency_hz'],
])('%s in %s becomes %s', (id, unit, metric) => {
  expect(proposeMetric({ id, unit, name: null })?.metric).toBe(metric);
});

test.each([
  ['sensor.phone_battery_level', '%'],
  ['sensor.router_signal', 'dBm'],
  ['sensor.door_openings', null],
  ['sensor.water_meter', 'm³'],
])('there is no proposal for %s in %s', (id, unit) => {
  expect(proposeMetric({ id, unit, name: null })).toBeNull();
});
