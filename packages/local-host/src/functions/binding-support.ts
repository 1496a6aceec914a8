import type { Logger } from '../log.ts';
import type { AppInvocationContext } from './core-types.ts';
import { hasTrigger, type RegisteredFunction } from './registered-function.ts';

/** A binding that this host neither fills nor writes. */
export interface UnsupportedBinding {
  /** Its name in the function; `$return` for what the function returns. */
  readonly name: string;
  readonly type: string;
  readonly direction: 'in' | 'out';
  /** For a person: what it is and what to do. */
  readonly message: string;
}

/** The bindings of a function besides its trigger that this host does not serve. They are never a reason to fail. */
export function unsupportedBindings(fn: RegisteredFunction): UnsupportedBinding[] {
  const found: UnsupportedBinding[] = [];
  for (const [name, { type, direction }] of Object.entries(fn.bindings)) {
    if (name === fn.trigger.name) {
      continue;
    }
    if (direction === 'out' ? !(isHttp(type) && hasTrigger(fn, 'httpTrigger')) : !isDurableClient(type)) {
      found.push(describe(fn, name, type, direction === 'out' ? 'out' : 'in'));
    }
  }
  return found;
}

export function isDurableClient(type: string): boolean {
  return /^(?:durable|orchestration)Client$/i.test(type);
}

function isHttp(type: string): boolean {
  return type.toLowerCase() === 'http';
}

function describe(fn: RegisteredFunction, name: string, type: string, direction: 'in' | 'out'): UnsupportedBinding {
  const binding = `Function "${fn.name}" has the ${type} ${direction === 'in' ? 'input' : 'output'} "${name}"`;
  const [missing, instead] =
    direction === 'in'
      ? ['does not read; it will be undefined', 'read the data']
      : ['does not write; its values are dropped', 'write the data'];
  const fix = `Run it with "func start" or on Azure, or ${instead} with the service's own client library.`;
  return { name, type, direction, message: `${binding}, which this local host ${missing}. ${fix}` };
}

/** Says it when a run had to do with such a binding: once for each, so that nothing is dropped in silence. */
export class BindingNotices {
  readonly #byFunction: ReadonlyMap<RegisteredFunction, readonly UnsupportedBinding[]>;
  readonly #logger: Logger;
  readonly #told = new Set<UnsupportedBinding>();

  constructor(functions: readonly RegisteredFunction[], logger: Logger) {
    const pairs = functions.map((fn) => [fn, unsupportedBindings(fn)] as const);
    this.#byFunction = new Map(pairs.filter(([, bindings]) => bindings.length > 0));
    this.#logger = logger;
  }

  /** @param result what the function returned */
  afterRun(fn: RegisteredFunction, context: AppInvocationContext, result: unknown): void {
    for (const binding of this.#byFunction.get(fn) ?? []) {
      if (!this.#told.has(binding) && matters(binding, context, result)) {
        this.#told.add(binding);
        this.#logger.withCategory(`Function.${fn.name}`).warn(binding.message);
      }
    }
  }
}

/** An output that got a value, or an input that got none. */
function matters({ name, direction }: UnsupportedBinding, context: AppInvocationContext, result: unknown): boolean {
  if (direction === 'in') {
    return context.extraInputs.get(name) === undefined;
  }
  const value = name === '$return' ? result : context.extraOutputs.get(name);
  return value !== undefined && value !== null;
}
