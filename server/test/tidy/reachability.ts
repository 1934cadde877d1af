import { isTest, type Link, type Project } from './project.ts';
import { type Violation, violation } from './violation.ts';

const CIRCLE_FOLDERS = /^(contract\/src|server\/src|web\/src)\//;
const ENTRIES = [
  'server/src/main.ts',
  'scripts/start.mjs',
  'scripts/test.mjs',
  'vitest.config.ts',
  'web/vite.config.ts',
];

/** No file reaches itself through its imports; an import of a type counts, for two such files are one idea. */
export function importCircles(project: Project): Violation[] {
  const done = new Set<string>();
  const violations: Violation[] = [];
  const walk = (path: string, way: string[]) => {
    if (done.has(path)) return;
    for (const link of circleLinks(project, path)) {
      const start = [...way, path].indexOf(link.target);
      if (start < 0) walk(link.target, [...way, path]);
      else violations.push(circle([...way, path].slice(start), link));
    }
    done.add(path);
  };
  for (const path of project.files.keys()) if (CIRCLE_FOLDERS.test(path)) walk(path, []);
  return violations;
}

/** Every file is used by the product, or by the tests if it is one of theirs. */
export function deadFiles(project: Project): Violation[] {
  const paths = [...project.files.keys()];
  const product = reach(project, [...paths.filter(isProductEntry), ...project.webEntries]);
  const everything = reach(project, [...product, ...paths.filter((path) => /\.(test|setup)\.tsx?$/.test(path))]);
  return paths.flatMap((path) => {
    const alive = isTest(path) ? everything : product;
    if (alive.has(path) || path.endsWith('.d.ts')) return [];
    const message = everything.has(path)
      ? 'only tests use this file: use it, or remove it with its tests'
      : 'nothing uses this file: use it or remove it';
    return [violation(path, 1, 'dead file', message)];
  });
}

function isProductEntry(path: string): boolean {
  if (isTest(path)) return false;
  return ENTRIES.includes(path) || /\.worker\.ts$/.test(path) || path.startsWith('bench/');
}

function reach(project: Project, roots: Iterable<string>): Set<string> {
  const reached = new Set(roots);
  for (const path of reached) for (const link of project.linksOf(path)) reached.add(link.target);
  return reached;
}

function circleLinks(project: Project, path: string): Link[] {
  return project.linksOf(path).filter((link) => link.kind !== 'url' && CIRCLE_FOLDERS.test(link.target));
}

function circle(members: string[], closing: Link): Violation {
  const message = `imports in a circle: ${[...members, closing.target].join(' → ')}`;
  return violation(members.at(-1) ?? closing.target, closing.line, 'import circle', message);
}
