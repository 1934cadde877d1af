import { type ESTree, parseSync, Visitor } from 'vite';

/** How one file refers to another: as a type, as a value, or by its address (workers, assets). */
export type ReferenceKind = 'type' | 'value' | 'url';

export interface Reference {
  specifier: string;
  kind: ReferenceKind;
  line: number;
}

/** Something found at a place in a file. */
export interface Finding {
  what: string;
  line: number;
}

/** A name that a file takes from another; `*` for all of them. */
export interface ImportedName {
  name: string;
  specifier: string;
}

export interface FunctionSpan {
  name: string;
  line: number;
  lines: number;
}

/** What the rules look at, extracted once from one file. */
export interface SourceFile {
  /** Relative to the checkout, with `/`. */
  path: string;
  text: string;
  lines: number;
  references: Reference[];
  exports: Finding[];
  imports: ImportedName[];
  functions: FunctionSpan[];
  defaultExports: Finding[];
  reExportsAll: Finding[];
  environmentReads: Finding[];
  impurities: Finding[];
}

const IMPURE_CALLS = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'crypto.randomUUID',
  'crypto.getRandomValues',
]);

/** Parses TypeScript or JavaScript; throws on a syntax error, with the place. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  const error = errors[0];
  if (error !== undefined) throw new Error(`${path}: ${error.message}\n${error.codeframe ?? ''}`);
  const lineAt = lineFinder(text);
  const file: SourceFile = {
    path,
    text,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    references: [],
    exports: [],
    imports: [],
    functions: [],
    defaultExports: [],
    reExportsAll: [],
    environmentReads: [],
    impurities: [],
  };
  new Visitor({
    ...referenceVisitor(file, lineAt),
    ...functionVisitor(file, lineAt),
    ...usageVisitor(file, lineAt),
  }).visit(program);
  return file;
}

type Visit = ConstructorParameters<typeof Visitor>[0];
type LineAt = (offset: number) => number;
type Func = ESTree.Function | ESTree.ArrowFunctionExpression;

function referenceVisitor(file: SourceFile, lineAt: LineAt): Visit {
  const add = (node: { start: number }, specifier: string | undefined, kind: ReferenceKind) => {
    if (specifier !== undefined) file.references.push({ specifier, kind, line: lineAt(node.start) });
  };
  return {
    ImportDeclaration(node) {
      const named = node.specifiers.filter((specifier) => specifier.type === 'ImportSpecifier');
      const onlyTypes = named.length > 0 && named.length === node.specifiers.length;
      const isType = node.importKind === 'type' || (onlyTypes && named.every((one) => one.importKind === 'type'));
      add(node, node.source.value, isType ? 'type' : 'value');
      for (const specifier of node.specifiers) {
        const name = specifier.type === 'ImportSpecifier' ? exportedName(specifier.imported) : '*';
        file.imports.push({ name, specifier: node.source.value });
      }
    },
    ExportNamedDeclaration(node) {
      add(node, node.source?.value, node.exportKind === 'type' ? 'type' : 'value');
      for (const name of declaredNames(node.declaration)) file.exports.push({ what: name, line: lineAt(node.start) });
      for (const { local, exported } of node.specifiers) {
        const name = exportedName(exported);
        file.exports.push({ what: name, line: lineAt(node.start) });
        if (node.source) file.imports.push({ name: exportedName(local), specifier: node.source.value });
        if (name === 'default') file.defaultExports.push({ what: 'export { … as default }', line: lineAt(node.start) });
      }
    },
    ExportAllDeclaration(node) {
      add(node, node.source.value, node.exportKind === 'type' ? 'type' : 'value');
      file.imports.push({ name: '*', specifier: node.source.value });
      file.reExportsAll.push({ what: `export * from '${node.source.value}'`, line: lineAt(node.start) });
    },
    ExportDefaultDeclaration(node) {
      file.defaultExports.push({ what: 'export default', line: lineAt(node.start) });
    },
    ImportExpression(node) {
      const specifier = literalText(node.source);
      add(node, specifier, 'value');
      if (specifier !== undefined) file.imports.push({ name: '*', specifier });
    },
    TSImportType(node) {
      add(node, node.source.value, 'type');
      file.imports.push({ name: '*', specifier: node.source.value });
    },
    NewExpression(node) {
      const [address, base] = node.arguments;
      if (dotted(node.callee) === 'URL' && base !== undefined && dotted(base) === 'import.meta.url') {
        add(node, address && literalText(address), 'url');
      }
      if (dotted(node.callee) === 'Date' && node.arguments.length === 0) {
        file.impurities.push({ what: 'new Date()', line: lineAt(node.start) });
      }
    },
  };
}

function functionVisitor(file: SourceFile, lineAt: LineAt): Visit {
  // Parents come before their children: a function finds the name that its parent left for it.
  const names = new Map<number, string>();
  const nameIt = (value: { start: number } | null | undefined, name: string | undefined) => {
    if (value && name !== undefined) names.set(value.start, name);
  };
  const measure = (node: Func) => {
    const line = lineAt(node.start);
    const name = node.id?.name ?? names.get(node.start) ?? 'anonymous function';
    file.functions.push({ name, line, lines: lineAt(node.end - 1) - line + 1 });
  };
  return {
    VariableDeclarator(node) {
      nameIt(node.init, dotted(node.id));
    },
    MethodDefinition(node) {
      nameIt(node.value, dotted(node.key));
    },
    PropertyDefinition(node) {
      nameIt(node.value, dotted(node.key));
    },
    Property(node) {
      nameIt(node.value, dotted(node.key));
    },
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  };
}

function usageVisitor(file: SourceFile, lineAt: LineAt): Visit {
  return {
    MemberExpression(node) {
      if (dotted(node) === 'process.env') {
        file.environmentReads.push({ what: 'process.env', line: lineAt(node.start) });
      }
    },
    ImportSpecifier(node) {
      const name = exportedName(node.imported);
      const line = lineAt(node.start);
      const source = file.references.at(-1)?.specifier;
      if (name === 'env' && (source === 'node:process' || source === 'process')) {
        file.environmentReads.push({ what: `env of '${source}'`, line });
      }
    },
    CallExpression(node) {
      const callee = dotted(node.callee);
      const line = lineAt(node.start);
      if (callee === undefined) return;
      if (callee === 'import.meta.resolve') {
        const specifier = node.arguments[0] && literalText(node.arguments[0]);
        if (specifier !== undefined) file.references.push({ specifier, kind: 'url', line });
      }
      if (IMPURE_CALLS.has(callee) || callee === 'Date' || callee.startsWith('Temporal.Now.')) {
        file.impurities.push({ what: `${callee}()`, line });
      }
    },
  };
}

function exportedName(node: ESTree.ModuleExportName): string {
  return node.type === 'Literal' ? node.value : node.name;
}

/** The names of an exported declaration. */
function declaredNames(declaration: ESTree.Declaration | null): string[] {
  if (declaration === null) return [];
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  }
  return 'id' in declaration && declaration.id?.type === 'Identifier' ? [declaration.id.name] : [];
}

/** `a.b.c` of nested member expressions, undefined for anything else. */
function dotted(node: ESTree.Node): string | undefined {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'PrivateIdentifier') return `#${node.name}`;
  if (node.type === 'MetaProperty') return `${node.meta.name}.${node.property.name}`;
  if (node.type !== 'MemberExpression') return undefined;
  const object = dotted(node.object);
  const property = node.computed ? literalText(node.property) : dotted(node.property);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

function literalText(node: ESTree.Node): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

function lineFinder(text: string): LineAt {
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
