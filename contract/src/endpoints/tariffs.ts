import { z } from 'zod';
import { ListQuery, pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { Tariff, TariffComparison, TariffComparisonRequest, TariffCreate, TariffPatch } from '../tariff.ts';

const IdParams = z.object({
  id: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Id or name of a tariff', examples: ['Flat'] }),
});

export const listTariffs = endpoint({
  method: 'GET',
  path: '/tariffs',
  tag: 'tariffs',
  summary: 'All tariffs',
  query: ListQuery,
  answers: { 200: pageOf(Tariff) },
  scope: 'read',
});

export const createTariff = endpoint({
  method: 'POST',
  path: '/tariffs',
  tag: 'tariffs',
  summary: 'Add a tariff',
  body: TariffCreate,
  answers: { 201: Tariff },
  scope: 'write',
  audit: 'tariff.create',
});

export const compareTariffs = endpoint({
  method: 'POST',
  path: '/tariffs/compare',
  tag: 'tariffs',
  summary: "Cost of a site's energy under several tariffs",
  body: TariffComparisonRequest,
  answers: { 200: TariffComparison },
  scope: 'read',
  partial: true,
});

export const getTariff = endpoint({
  method: 'GET',
  path: '/tariffs/:id',
  tag: 'tariffs',
  summary: 'One tariff',
  params: IdParams,
  answers: { 200: Tariff },
  scope: 'read',
});

export const changeTariff = endpoint({
  method: 'PATCH',
  path: '/tariffs/:id',
  tag: 'tariffs',
  summary: 'Change a tariff',
  params: IdParams,
  body: TariffPatch,
  answers: { 200: Tariff },
  scope: 'write',
  audit: 'tariff.change',
});

export const removeTariff = endpoint({
  method: 'DELETE',
  path: '/tariffs/:id',
  tag: 'tariffs',
  summary: 'Remove a tariff that no site uses',
  params: IdParams,
  answers: { 204: z.null() },
  scope: 'write',
  audit: 'tariff.remove',
});
