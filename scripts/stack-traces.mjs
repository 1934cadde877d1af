import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

// Stack traces of bundled code name the source. Node's own --enable-source-maps reads every map at the start, for 40 MB; here the first trace that
// passes through a file reads its map.

const BUNDLED = /(file:\/\/[^\s()]+\/server\/dist\/[^\s()/]+\.js):(\d+):(\d+)/;

/** A large map takes 50 MB, which are given back when no trace needs it. @type {Map<string, WeakRef<SourceMap>>} */
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
    // A trace without names of sources is better than an error about an error.
    return null;
  }
}
