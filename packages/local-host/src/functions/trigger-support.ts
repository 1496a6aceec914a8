import type { RegisteredFunction } from './registered-function.ts';

/** A function that nothing on this machine will ever trigger. */
export interface UnsupportedFunction {
  readonly name: string;
  readonly triggerType: string;
  /** For a person: what it is and what to do. */
  readonly message: string;
}

/**
 * The functions whose trigger this host does not serve. They stay loaded and are never a reason to fail.
 *
 * @param supportedTypes trigger types the host serves, such as `httpTrigger`; case makes no difference
 */
export function findUnsupported(
  functions: readonly RegisteredFunction[],
  supportedTypes: readonly string[],
): UnsupportedFunction[] {
  const supported = new Set(supportedTypes.map((type) => type.toLowerCase()));
  return functions
    .filter((fn) => !supported.has(fn.trigger.type.toLowerCase()))
    .map((fn) => ({
      name: fn.name,
      triggerType: fn.trigger.type,
      message:
        `Function "${fn.name}" has a ${fn.trigger.type}, which this local host does not serve; it will not run here. ` +
        'Run it with "func start" or on Azure, or call the same code from an HTTP function to try it.',
    }));
}
