import fc from 'fast-check';
import { propertySeed } from './needs.ts';

// CI judges a change by the same random cases as the one before it, so that a red run means the change; elsewhere every run has cases of its own.
const seed = propertySeed();
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
