import { serveModels } from './model-calls.ts';
import { MODELS } from './models.ts';

export const run = serveModels(MODELS);
