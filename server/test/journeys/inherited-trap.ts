/** A property that every object inherits once the trap is set, as all inherit `constructor`. */
export const TRAP = 'inherited_by_everything';
/** Begins each line on stderr that says where the service's code looked the name up. */
export const TRAPPED = 'plain object used by an external name';

/** Node's option that sets the trap in a process and its threads. */
export function trapOption(): string {
  const code = `import{setTrap}from${JSON.stringify(import.meta.url)};setTrap()`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

/**
 * From now on each place in the product's own code that finds the name where an object does not have it itself writes its stack to stderr.
 * Libraries may look as they like.
 */
export function setTrap(): void {
  Object.defineProperty(Object.prototype, TRAP, {
    configurable: true,
    get() {
      report(new Error(`${TRAPPED}: read`));
      return setTrap;
    },
    set(value: unknown) {
      report(new Error(`${TRAPPED}: written`));
      Object.defineProperty(this, TRAP, { value, writable: true, enumerable: true, configurable: true });
    },
  });
}

function report({ stack = '' }: Error): void {
  const [, , caller = ''] = stack.split('\n').filter((line) => !line.includes('<anonymous>)'));
  if (/\/(server|contract)\/src\//.test(caller)) process.stderr.write(`${stack}\n`);
}
