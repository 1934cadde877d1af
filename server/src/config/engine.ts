import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// V8 collects the machine code of WebAssembly across all threads of a process. If a thread ends meanwhile, V8 frees code that is already gone:
// the process crashes or hangs (https://github.com/nodejs/node/issues/64500). Every thread runs WebAssembly, because Node uses it to strip types.
// Without the collection, at most the first version of each function remains in memory until its module is freed.
setFlagsFromString('--no-wasm-code-gc');

// Caches stripped and compiled code for the next start. If the folder is not writable, only this gain is lost.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/wattkeeper', import.meta.url)));
