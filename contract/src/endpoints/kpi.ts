import { z } from 'zod';
import {
  CustomKpi,
  CustomKpiCreate,
  CustomKpiPatch,
  CustomKpiPreview,
  CustomKpiPreviewRequest,
  CustomKpiQuery,
  CustomKpiValue,
  CustomKpiValues,
  CustomKpiValuesQuery,
} from '../analytics/custom-kpi.ts';
import { AllKpis, CarbonKpi, EnergyCostKpi, KpiQuery, LoadFactorKpi, PeakDemandKpi, SecKpi } from '../analytics/kpi.ts';
import { ListQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';

const CustomKpiParams = z.object({ id: z.uuid().meta({ description: 'Id of a custom key figure' }) });

export const getSec = endpoint({
  method: 'GET',
  path: '/kpi/sec',
  tag: 'kpi',
  summary: 'Energy for each unit produced',
  query: KpiQuery,
  answers: { 200: SecKpi },
  scope: 'read',
  partial: true,
});

export const getPeakDemand = endpoint({
  method: 'GET',
  path: '/kpi/peak-demand',
  tag: 'kpi',
  summary: 'Highest mean power over a rolling quarter hour',
  query: KpiQuery,
  answers: { 200: PeakDemandKpi },
  scope: 'read',
  partial: true,
});

export const getLoadFactor = endpoint({
  method: 'GET',
  path: '/kpi/load-factor',
  tag: 'kpi',
  summary: 'Mean power ÷ peak demand',
  query: KpiQuery,
  answers: { 200: LoadFactorKpi },
  scope: 'read',
  partial: true,
});

export const getEnergyCost = endpoint({
  method: 'GET',
  path: '/kpi/energy-cost',
  tag: 'kpi',
  summary: 'Cost of the energy, by tariff band',
  query: KpiQuery,
  answers: { 200: EnergyCostKpi },
  scope: 'read',
  partial: true,
});

export const getCarbon = endpoint({
  method: 'GET',
  path: '/kpi/carbon',
  tag: 'kpi',
  summary: 'CO₂ emissions of the energy',
  query: KpiQuery,
  answers: { 200: CarbonKpi },
  scope: 'read',
  partial: true,
});

export const getKpis = endpoint({
  method: 'GET',
  path: '/kpi/all',
  tag: 'kpi',
  summary: 'All key figures of a device',
  query: KpiQuery,
  answers: { 200: AllKpis },
  scope: 'read',
  partial: true,
});

export const listCustomKpis = endpoint({
  method: 'GET',
  path: '/kpi/custom',
  tag: 'kpi',
  summary: 'All custom key figures',
  query: ListQuery,
  answers: { 200: pageOf(CustomKpi) },
  scope: 'read',
});

export const createCustomKpi = endpoint({
  method: 'POST',
  path: '/kpi/custom',
  tag: 'kpi',
  summary: 'Define a key figure',
  body: CustomKpiCreate,
  answers: { 201: CustomKpi },
  scope: 'write',
  audit: 'custom_kpi.create',
});

export const previewCustomKpi = endpoint({
  method: 'POST',
  path: '/kpi/custom/preview',
  tag: 'kpi',
  summary: 'Check an expression: its errors, or its unit and value',
  body: CustomKpiPreviewRequest,
  answers: { 200: CustomKpiPreview },
  scope: 'read',
  partial: true,
});

export const listCustomKpiValues = endpoint({
  method: 'GET',
  path: '/kpi/custom/values',
  tag: 'kpi',
  summary: 'Values of all custom key figures for a machine',
  query: CustomKpiValuesQuery,
  answers: { 200: CustomKpiValues },
  scope: 'read',
  partial: true,
});

export const getCustomKpi = endpoint({
  method: 'GET',
  path: '/kpi/custom/:id',
  tag: 'kpi',
  summary: 'One custom key figure',
  params: CustomKpiParams,
  answers: { 200: CustomKpi },
  scope: 'read',
});

export const changeCustomKpi = endpoint({
  method: 'PATCH',
  path: '/kpi/custom/:id',
  tag: 'kpi',
  summary: 'Change a custom key figure',
  params: CustomKpiParams,
  body: CustomKpiPatch,
  answers: { 200: CustomKpi },
  scope: 'write',
  audit: 'custom_kpi.change',
});

export const removeCustomKpi = endpoint({
  method: 'DELETE',
  path: '/kpi/custom/:id',
  tag: 'kpi',
  summary: 'Remove a custom key figure',
  params: CustomKpiParams,
  answers: { 204: z.null() },
  scope: 'write',
  audit: 'custom_kpi.remove',
});

export const getCustomKpiValue = endpoint({
  method: 'GET',
  path: '/kpi/custom/:id/value',
  tag: 'kpi',
  summary: 'Value of a custom key figure for a machine',
  params: CustomKpiParams,
  query: CustomKpiQuery,
  answers: { 200: CustomKpiValue },
  scope: 'read',
  partial: true,
});
