import {
  DemandForecast,
  DemandQuery,
  ForecastAccuracy,
  OptimalSchedule,
  OptimalScheduleQuery,
  OptimalScheduleRequest,
  PeakForecast,
  SolarForecast,
  SolarQuery,
} from '../analytics/forecast.ts';
import { endpoint } from '../endpoint.ts';

export const forecastDemand = endpoint({
  method: 'GET',
  path: '/forecast/demand',
  tag: 'forecast',
  summary: 'Forecast of the power, with confidence bands',
  query: DemandQuery,
  answers: { 200: DemandForecast },
  scope: 'read',
});

export const forecastPeak = endpoint({
  method: 'GET',
  path: '/forecast/peak',
  tag: 'forecast',
  summary: 'Forecast of the peak power',
  query: DemandQuery,
  answers: { 200: PeakForecast },
  scope: 'read',
});

export const getForecastAccuracy = endpoint({
  method: 'GET',
  path: '/forecast/accuracy',
  tag: 'forecast',
  summary: 'Accuracy of forecasts in back-tests, by model',
  query: DemandQuery,
  answers: { 200: ForecastAccuracy },
  scope: 'read',
});

export const forecastSolar = endpoint({
  method: 'GET',
  path: '/forecast/solar',
  tag: 'forecast',
  summary: 'Forecast of the solar power',
  query: SolarQuery,
  answers: { 200: SolarForecast },
  scope: 'read',
});

export const scheduleLoad = endpoint({
  method: 'GET',
  path: '/forecast/optimal-schedule',
  tag: 'forecast',
  summary: 'Best time to run a load',
  query: OptimalScheduleQuery,
  answers: { 200: OptimalSchedule },
  scope: 'read',
});

export const scheduleLoads = endpoint({
  method: 'POST',
  path: '/forecast/optimal-schedule',
  tag: 'forecast',
  summary: 'Best times to run several loads',
  body: OptimalScheduleRequest,
  answers: { 200: OptimalSchedule },
  scope: 'read',
});
