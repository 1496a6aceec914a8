import { AppLoadError } from './app-load-error.ts';
import type { Binding, FunctionCallback, FunctionMetadata, RetryOptions } from './core-types.ts';

/** A binding with the name it is known by inside its function. */
export interface NamedBinding extends Binding {
  readonly name: string;
}

/** One function of the loaded app. */
export interface RegisteredFunction {
  readonly id: string;
  readonly name: string;
  readonly trigger: NamedBinding;
  /** All bindings by name, the trigger among them, as registered. */
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly callback: FunctionCallback;
  readonly retryOptions?: RetryOptions;
}

export function isTriggerType(type: string): boolean {
  return /trigger$/i.test(type);
}

/** Trigger types are compared without regard to case, as the host does. */
export function hasTrigger(fn: RegisteredFunction, type: string): boolean {
  return fn.trigger.type.toLowerCase() === type.toLowerCase();
}

/** @throws AppLoadError `invalidFunction` when it has no name, no trigger or no handler */
export function toRegisteredFunction(metadata: FunctionMetadata, callback: FunctionCallback): RegisteredFunction {
  const id = metadata.functionId || metadata.name;
  if (!id) {
    throw new AppLoadError('invalidFunction', 'A function was registered without a name.', 'Give it a name.');
  }
  const name = metadata.name || id;
  if (typeof callback !== 'function') {
    throw new AppLoadError('invalidFunction', `Function "${name}" has no handler.`, 'Pass a function as its handler.');
  }
  const trigger = Object.entries(metadata.bindings).find(([, binding]) => isTriggerType(binding.type));
  if (!trigger) {
    throw new AppLoadError('invalidFunction', `Function "${name}" has no trigger.`, 'Register it with a trigger.');
  }
  return {
    id,
    name,
    trigger: { ...trigger[1], name: trigger[0] },
    bindings: metadata.bindings,
    callback,
    ...(metadata.retryOptions && { retryOptions: metadata.retryOptions }),
  };
}
