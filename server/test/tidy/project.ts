import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSource, type Reference, type SourceFile } from './source-file.ts';

/** A reference that leads to a file of ours. */
export interface Link extends Reference {
  target: string;
}

/** All source files by path, and where their references lead. */
export interface Project {
  files: Map<string, SourceFile>;
  /** Links of a file to other files of the project, in the order of its text. */
  linksOf(path: string): Link[];
  /** The web app's entry points, as its page names them. */
  webEntries: string[];
}

const FOLDERS = ['contract/src', 'server/src', 'server/test', 'web/src', 'web/e2e', 'bench', 'scripts'];
const SINGLE_FILES = ['vitest.config.ts', 'web/vite.config.ts'];
const SOURCE = /\.(ts|tsx|mts|js|mjs|jsx)$/;
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'results', 'output', 'fixtures']);
const CONTRACT_PACKAGE = '@wattkeeper/contract/';

/** Reads the checkout. */
export function loadProject(root: string): Project {
  const paths = [
    ...FOLDERS.flatMap((folder) => sourcesBelow(root, folder)),
    ...SINGLE_FILES.filter((path) => exists(root, path)),
  ];
  const texts = Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  const page = exists(root, 'web/index.html') ? readFileSync(join(root, 'web/index.html'), 'utf8') : '';
  return makeProject(texts, page);
}

/** A project from texts by path: what the rules' own tests use. */
export function makeProject(texts: Record<string, string>, page = ''): Project {
  const files = new Map(Object.entries(texts).map(([path, text]) => [path, parseSource(path, text)]));
  const links = new Map<string, Link[]>();
  for (const file of files.values()) {
    const found = file.references.map((reference) => ({
      ...reference,
      target: resolve(file.path, reference.specifier),
    }));
    links.set(
      file.path,
      found.filter((link) => files.has(link.target)),
    );
  }
  return {
    files,
    linksOf: (path) => links.get(path) ?? [],
    webEntries: [...page.matchAll(/src="\.?\/(src\/[^"]+)"/g)].map((match) => `web/${match[1]}`),
  };
}

/** Unit tests, test helpers, conformance suites, browser journeys. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || path.startsWith('server/test/') || path.startsWith('web/e2e/');
}

function resolve(from: string, specifier: string): string {
  const path = specifier.replace(/[?#].*$/, '');
  if (path.startsWith(CONTRACT_PACKAGE)) return `contract/src/${path.slice(CONTRACT_PACKAGE.length)}`;
  return path.startsWith('.') ? posix.join(posix.dirname(from), path) : path;
}

function sourcesBelow(root: string, folder: string): string[] {
  if (!exists(root, folder)) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : sourcesBelow(root, path);
    return SOURCE.test(entry.name) ? [path] : [];
  });
}

function exists(root: string, path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
}
