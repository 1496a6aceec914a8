import { unsupportedBindings } from './binding-support.ts';
import { hasTrigger, type RegisteredFunction } from './registered-function.ts';
import { findUnsupported } from './trigger-support.ts';

/**
 * What a person should know about an app before it runs: triggers and bindings this host does not serve, and retry
 * policies that nobody follows. None of it is a reason not to run the rest.
 *
 * @param supportedTriggers trigger types the host serves; case makes no difference
 */
export function startWarnings(
  functions: readonly RegisteredFunction[],
  supportedTriggers: readonly string[],
): string[] {
  const unserved = findUnsupported(functions, supportedTriggers);
  const served = functions.filter((fn) => !unserved.some(({ name }) => name === fn.name));
  return [
    ...unserved.map(({ message }) => message),
    ...served.flatMap(unsupportedBindings).map(({ message }) => message),
    ...served.filter((fn) => fn.retryOptions && !hasTrigger(fn, 'timerTrigger')).map(ignoredRetry),
  ];
}

function ignoredRetry(fn: RegisteredFunction): string {
  const instead = hasTrigger(fn, 'activityTrigger')
    ? 'Call it with callActivityWithRetry instead.'
    : 'Catch the failure in the function, or leave "retry" out.';
  return `Function "${fn.name}" has a retry policy, which is not followed for a ${fn.trigger.type}. ${instead}`;
}
