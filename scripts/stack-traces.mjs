import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

// Maps stack traces of bundled code to the source. Node's --enable-source-maps reads every map at start, which takes 40 MB; here, the first trace that
// contains a file reads its map.

const BUNDLED = /(file:\/\/[^\s()]+\/server\/dist\/[^\s()/]+\.js):(\d+):(\d+)/;

/** Weak references, because a large map takes 50 MB. @type {Map<string, WeakRef<SourceMap>>} */
const maps = new Map();

Error.prepareStackTrace = (error, sites) =>
  [String(error), ...sites.map((site) => `    at ${inSource(String(site))}`)].join('\n');

/** @param {string} site */
function inSource(site) {
  return site.replace(BUNDLED, (place, file, line, column) => {
    const { fileName, lineNumber, columnNumber } = mapOf(file)?.findOrigin(Number(line), Number(column)) ?? {};
    return fileName === undefined ? place : `${new URL(fileName, file)}:${lineNumber}:${columnNumber}`;
  });
}

/** @param {string} file */
function mapOf(file) {
  const kept = maps.get(file)?.deref();
  if (kept !== undefined) return kept;
  const map = readMap(`${fileURLToPath(file)}.map`);
  if (map !== null) maps.set(file, new WeakRef(map));
  return map;
}

/** @param {string} path */
function readMap(path) {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // A trace without source names is better than an error while handling an error.
    return null;
  }
}
