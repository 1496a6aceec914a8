import type { AppRegistry } from './app-registry.ts';
import type { AppInvocationContext, FunctionCallback } from './core-types.ts';

// Classes, because two of these are made for every invocation: object literals with getters take far longer to make.

/** What the hooks around an invocation may read and not replace. */
class HookContext {
  readonly #registry: AppRegistry;
  readonly #hookData: object;
  readonly #invocationContext: AppInvocationContext;

  constructor(registry: AppRegistry, hookData: object, invocationContext: AppInvocationContext) {
    this.#registry = registry;
    this.#hookData = hookData;
    this.#invocationContext = invocationContext;
  }

  get hookData(): object {
    return this.#hookData;
  }

  get appHookData(): object {
    return this.#registry.appHookData;
  }

  get invocationContext(): AppInvocationContext {
    return this.#invocationContext;
  }
}

/** For `preInvocation`: what the handler will be called with, and the handler. */
export class PreInvocationContext extends HookContext {
  inputs: unknown[];
  functionCallback: FunctionCallback;

  constructor(
    registry: AppRegistry,
    hookData: object,
    invocationContext: AppInvocationContext,
    handler: { inputs: unknown[]; functionCallback: FunctionCallback },
  ) {
    super(registry, hookData, invocationContext);
    this.inputs = handler.inputs;
    this.functionCallback = handler.functionCallback;
  }
}

/** For `postInvocation`: what the handler was called with, and what came of it. */
export class PostInvocationContext extends HookContext {
  inputs: unknown[];
  result: unknown = null;
  error: unknown = null;

  constructor(registry: AppRegistry, hookData: object, invocationContext: AppInvocationContext, inputs: unknown[]) {
    super(registry, hookData, invocationContext);
    this.inputs = inputs;
  }
}
