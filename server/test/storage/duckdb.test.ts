import { join } from 'node:path';
import { openTelemetryStore, type TelemetryStoreOptions } from '../../src/storage/open-store.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';

const at = (folder: string): TelemetryStoreOptions => ({ type: 'duckdb', path: join(folder, 'telemetry.duckdb') });

telemetryStoreConformance('duckdb', { open: (folder) => openTelemetryStore(at(folder)), inChild: at });
