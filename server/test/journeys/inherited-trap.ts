/** A property that every object inherits once the trap is set, as all inherit `constructor`. */
export const TRAP = 'inherited_by_everything';
/** Prefix of each line on stderr that shows where the service's code looked the name up. */
export const TRAPPED = 'plain object used by an external name';

/** The Node option that sets the trap in a process and its threads. */
export function trapOption(): string {
  const code = `import{setTrap}from${JSON.stringify(import.meta.url)};setTrap()`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

/**
 * Writes a stack to stderr each time the product's own code finds the name on an object that inherits it.
 * Lookups by libraries are ignored.
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
