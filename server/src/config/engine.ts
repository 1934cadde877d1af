import { setFlagsFromString } from 'node:v8';

// V8 collects machine code of WebAssembly across all threads of a process, and frees what is gone already when a thread ends meanwhile: the process
// dies or stands still (https://github.com/nodejs/node/issues/64500). Every thread runs WebAssembly, for Node takes types away with it. What stays
// without the collection is at most the first version of each function, until its module goes.
setFlagsFromString('--no-wasm-code-gc');
