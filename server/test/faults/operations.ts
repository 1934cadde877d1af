import type { Operation } from './operation.ts';
import { archive } from './operations/archive.ts';
import { backup } from './operations/backup.ts';
import { compaction } from './operations/compaction.ts';
import { migration } from './operations/migration.ts';
import { removal } from './operations/removal.ts';
import { repair } from './operations/repair.ts';
import { restore } from './operations/restore.ts';
import { retention } from './operations/retention.ts';

/** Operations that move or change data, and must lose and duplicate nothing when killed. */
export const OPERATIONS: readonly Operation[] = [
  compaction,
  archive,
  backup,
  restore(),
  migration(),
  retention,
  repair(),
  removal,
];
