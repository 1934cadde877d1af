import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// V8 collects machine code of WebAssembly across all threads of a process, and frees what is gone already when a thread ends meanwhile: the process
// dies or stands still (https://github.com/nodejs/node/issues/64500). Every thread runs WebAssembly, for Node takes types away with it. What stays
// without the collection is at most the first version of each function, until its module goes.
setFlagsFromString('--no-wasm-code-gc');

// Code without types and compiled code are kept for the next start. A folder that cannot be written costs the gain and nothing else.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/wattkeeper', import.meta.url)));
