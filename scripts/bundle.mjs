import { copyFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/**
 * Packages that load files next to their code: native libraries, WebAssembly, threads, static pages. Cloud clients are included because they are
 * large and loaded at first use only.
 */
const NOT_BUNDLED =
  /^(@duckdb|@node-rs|@bsull|@aws-sdk|@azure|@google-cloud)\/|^(arima|date-holidays|piscina|pino|pg|teeny-request)(\/|$)|^@fastify\/swagger-ui$|^node:/;
const OWN_SOURCE = /[\\/](server|contract)[\\/]src[\\/].*\.ts$/;
const THREAD_OF_OWN = /new URL\('(\.[^']*\.worker\.ts)', import\.meta\.url\)/g;
const STACK_TRACES = './stack-traces.mjs';
const MAX_UNUSED_MS = 7 * 24 * 3600 * 1000;

/**
 * Builds server/dist from server/src: a few files instead of some two thousand, without types, which Node loads in a fraction of the time and
 * memory. Each thread has an entry point.
 *
 * @param {string} root the checkout
 */
export async function bundleServer(root) {
  const folder = join(root, 'server', 'dist');
  const bundle = await rolldown({
    input: { main: join(root, 'server', 'src', 'main.ts') },
    platform: 'node',
    external: NOT_BUNDLED,
    plugins: [placesOf(folder)],
    logLevel: 'silent',
  });
  await bundle.write({
    dir: folder,
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // Names are not minified, because stack traces and logs show them.
    keepNames: true,
    // Lines are kept as well, because Node prints the source line of an uncaught error.
    comments: false,
    minify: false,
  });
  await bundle.close();
  copyFileSync(new URL('./stack-traces.mjs', import.meta.url), join(folder, 'stack-traces.mjs'));
  removeOldFiles(folder);
}

/**
 * Files of earlier bundles remain for a week: a service that is still running loads some of them at their first use.
 *
 * @param {string} folder of the bundle
 */
function removeOldFiles(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (Date.now() - statSync(path).mtimeMs > MAX_UNUSED_MS) rmSync(path, { recursive: true });
  }
}

/**
 * In the bundle, `import.meta.url` remains the path of the source, from which version, web app and packages are found; threads use their bundled file.
 *
 * @param {string} folder of the bundle
 * @returns {import('rolldown').Plugin}
 */
function placesOf(folder) {
  return {
    name: 'places',
    transform: {
      filter: { id: OWN_SOURCE },
      handler(code, id) {
        const isEntry = id.endsWith('.worker.ts') || basename(id) === 'main.ts';
        if (!isEntry && !code.includes('import.meta.url')) return null;
        const threads = code.replace(THREAD_OF_OWN, (_, path) => {
          const file = `${basename(path, '.ts')}.js`;
          this.emitFile({ type: 'chunk', id: resolve(dirname(id), path), fileName: file });
          return `new URL('./${file}', import.meta['url'])`;
        });
        const source = relative(folder, id).split(sep).join('/');
        const placed = threads.replaceAll('import.meta.url', `new URL('${source}', import.meta['url']).href`);
        return { code: isEntry ? `import '${STACK_TRACES}'; ${placed}` : placed, map: null };
      },
    },
    resolveId: (id) => (id === STACK_TRACES ? { id, external: true } : null),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleServer(process.argv[2] ?? process.cwd());
