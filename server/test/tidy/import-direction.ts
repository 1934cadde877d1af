import { isTest, type Link, type Project } from './project.ts';
import { type Violation, violation } from './violation.ts';

/** What a layer of the server may import besides itself and the contract. */
interface Layer {
  values: readonly string[];
  types?: readonly string[];
  /** Of these layers, only files whose path fits. */
  only?: Record<string, RegExp>;
}

// Data goes one way: source → ingest → store → query → model → feature → API. Parts meet in assembly.
const LAYERS: Record<string, Layer> = {
  domain: { values: [] },
  outbound: { values: ['domain'] },
  // Each store defines its settings, and the lists of stores load no engine before one is opened.
  config: {
    values: ['domain', 'outbound', 'storage'],
    only: { storage: /(-options|open-store|open-object-store)\.ts$/ },
  },
  sources: { values: ['domain', 'outbound'] },
  ingest: { values: ['domain'] },
  storage: { values: ['domain', 'outbound'] },
  query: { values: ['domain'] },
  analytics: { values: ['domain'] },
  jobs: { values: ['domain', 'analytics'] },
  http: { values: ['domain'], types: ['config'] },
  features: {
    values: ['domain', 'analytics', 'query', 'storage', 'http', 'ingest', 'sources', 'outbound'],
    types: ['config', 'jobs'],
  },
};

// They put everything together, in this order: each imports every layer, and of this list only those before it.
const TOP = ['assembly', 'app.ts', 'replaceable-app.ts', 'cli', 'main.ts'];

/** Every import goes the way that ARCHITECTURE.md draws. Tests may look at anything on their side of the package. */
export function importDirection(project: Project): Violation[] {
  return [...project.files.values()].flatMap((file) => {
    const links = project.linksOf(file.path).flatMap((link) => checkLink(file.path, link));
    const packages = file.references.flatMap(({ specifier, line }) =>
      checkPackage(file.path, specifier).map((message) => violation(file.path, line, 'import direction', message)),
    );
    return [...links, ...packages, ...checkPlace(file.path)];
  });
}

function checkLink(path: string, link: Link): Violation[] {
  const message = isTest(path) ? fromTest(path, link.target) : fromSource(path, link);
  return message === undefined ? [] : [violation(path, link.line, 'import direction', `${message}: ${link.specifier}`)];
}

function fromTest(path: string, target: string): string | undefined {
  const [from, to] = [packageOf(path), packageOf(target)];
  if (from === 'contract' && to !== 'contract') return `contract imports no ${to}`;
  if (path.startsWith('web/src/') && to !== 'web' && to !== 'contract') return `the web app imports no ${to}`;
  return undefined;
}

function fromSource(path: string, link: Link): string | undefined {
  const [from, to] = [packageOf(path), packageOf(link.target)];
  if (isTest(link.target) && from !== 'bench') return 'a source imports no tests or test helpers';
  if (from === 'contract' && to !== 'contract') return `contract imports no ${to}`;
  if (from === 'web' && to !== 'web' && to !== 'contract') return `the web app imports no ${to}`;
  if (from === 'server' && to !== 'server' && to !== 'contract') return `the server imports no ${to}`;
  return from === 'server' && to === 'server' ? betweenLayers(path, link) : undefined;
}

function betweenLayers(path: string, link: Link): string | undefined {
  const [from, to] = [layerOf(path), layerOf(link.target)];
  if (TOP.includes(from)) return TOP.indexOf(to) > TOP.indexOf(from) ? `${from} does not import ${to}` : undefined;
  const layer = LAYERS[from];
  if (layer === undefined || from === to) return undefined;
  const part = layer.only?.[to];
  if (part !== undefined && !part.test(link.target)) return `${from} imports of ${to} only ${part.source}`;
  if (layer.values.includes(to)) return undefined;
  if (layer.types?.includes(to)) {
    return link.kind === 'type' ? undefined : `${from} takes only types from ${to} (import type)`;
  }
  const allowed = ['contract', ...layer.values, ...(layer.types ?? []).map((name) => `${name} (types)`)];
  return `${from} may import only ${allowed.join(', ')}; not ${to}`;
}

function checkPackage(path: string, specifier: string): string[] {
  if (isTest(path) || specifier.startsWith('.') || specifier.startsWith('@wattkeeper/')) return [];
  if (path.startsWith('contract/') && specifier !== 'zod' && !specifier.startsWith('zod/')) {
    return [`contract imports only zod; not ${specifier}`];
  }
  if (path.startsWith('web/src/') && specifier.startsWith('node:')) return [`a browser has no ${specifier}`];
  return [];
}

function checkPlace(path: string): Violation[] {
  if (!path.startsWith('server/src/')) return [];
  const layer = layerOf(path);
  if (layer in LAYERS || TOP.includes(layer)) return [];
  const message = `${layer} is no part of the server that ARCHITECTURE.md knows`;
  return [violation(path, 1, 'import direction', message)];
}

function packageOf(path: string): string {
  return path.split('/')[0] ?? path;
}

/** `query` of `server/src/query/planner.ts`, `app.ts` of `server/src/app.ts`. */
function layerOf(path: string): string {
  return path.split('/')[2] ?? path;
}
