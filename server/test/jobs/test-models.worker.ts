import { serveModels } from '../../src/jobs/model-calls.ts';
import { TEST_MODELS } from './test-models.ts';

export const run = serveModels(TEST_MODELS);
