import { TEST_ONLY_EXPORTS } from './exceptions.ts';
import { isTest, type Project } from './project.ts';
import { type Violation, violation } from './violation.ts';

/** Read by engines and tools, not by an import of ours. */
const READ_FROM_OUTSIDE = /\.worker\.ts$|\.config\.ts$|^scripts\//;

/** Every export has a use: in another file of the product, or in its own file; one that only tests use is listed with a reason. */
export function unusedExports(project: Project): Violation[] {
  const inProduct = importedNames(project, (path) => !isTest(path));
  const inTests = importedNames(project, isTest);
  return [...project.files.values()].flatMap((file) =>
    file.exports.flatMap(({ what, line }) => {
      const isIn = (names: ReadonlySet<string>) => names.has(`${file.path} ${what}`) || names.has(`${file.path} *`);
      if (READ_FROM_OUTSIDE.test(file.path) || isIn(inProduct) || occurrences(file.text, what) > 1) return [];
      if (isIn(inTests) && (isTest(file.path) || TEST_ONLY_EXPORTS.has(`${file.path} ${what}`))) return [];
      const message = isIn(inTests) ? `only tests use ${what}` : `nothing uses ${what}`;
      return [violation(file.path, line, 'unused export', `${message}: use it or remove it`)];
    }),
  );
}

/** `path name` of everything that some files import. */
function importedNames(project: Project, isFrom: (path: string) => boolean): Set<string> {
  const names = new Set<string>();
  for (const { path, imports } of project.files.values()) {
    if (!isFrom(path)) continue;
    const targets = new Map(project.linksOf(path).map(({ specifier, target }) => [specifier, target]));
    for (const { name, specifier } of imports) names.add(`${targets.get(specifier)} ${name}`);
  }
  return names;
}

function occurrences(text: string, name: string): number {
  return text.split(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`)).length - 1;
}
