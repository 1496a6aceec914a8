import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

/** What the library of Functions registers: a name and its bindings. */
export interface FunctionMetadata {
  name: string;
  bindings: Record<string, { type: string; name: string; [field: string]: unknown }>;
}

interface ProgrammingModel {
  getInvocationModel(context: object): {
    getArguments(): Promise<{ context: object; inputs: unknown[] }>;
    invokeFunction(context: object, inputs: unknown[], callback: unknown): Promise<unknown>;
    getResponse(context: object, result: unknown): Promise<{ returnValue?: Record<string, unknown> }>;
  };
}

type Hook = (context: object) => unknown;

/** A stand-in for the part of the Functions worker that apps talk to. Loaded before the packages, or they miss it. */
export class FunctionsCore {
  readonly functions = new Map<string, { metadata: FunctionMetadata; callback: unknown }>();
  readonly logged: string[] = [];
  readonly #hooks: Hook[] = [];
  #model: ProgrammingModel | undefined;

  /** Makes `require('@azure/functions-core')` give this. */
  static install(): FunctionsCore {
    const core = new FunctionsCore();
    const disposable = { dispose: () => {} };
    const api = {
      version: '3.9.1',
      hostVersion: '4.1037.0',
      Disposable: { from: () => disposable },
      log: () => {},
      setProgrammingModel: (model: ProgrammingModel) => {
        core.#model = model;
      },
      getProgrammingModel: () => core.#model,
      registerHook: (name: string, hook: Hook) => {
        if (name === 'preInvocation') core.#hooks.push(hook);
        return disposable;
      },
      registerFunction: (metadata: FunctionMetadata, callback: unknown) => {
        if (core.functions.has(metadata.name)) throw new Error(`The function ${metadata.name} exists already.`);
        core.functions.set(metadata.name, { metadata, callback });
        return disposable;
      },
    };
    const { prototype } = createRequire(import.meta.url)('node:module') as {
      prototype: { require(id: string): unknown };
    };
    const load = prototype.require;
    prototype.require = function (id: string) {
      return id === '@azure/functions-core' ? api : load.call(this, id);
    };
    return core;
  }

  trigger(name: string): { type: string; [field: string]: unknown } {
    const bindings = Object.values(this.#function(name).metadata.bindings);
    const trigger = bindings.find(({ type }) => type.endsWith('Trigger'));
    if (trigger === undefined) throw new Error(`${name} has no trigger.`);
    return trigger;
  }

  /** Runs a function the way the worker does: trigger data, other inputs by binding type, hooks, response. */
  async invoke(
    name: string,
    triggerData: object,
    others: Record<string, object> = {},
  ): Promise<Record<string, unknown> | undefined> {
    const { metadata, callback } = this.#function(name);
    const inputData = [{ name: this.trigger(name).name, data: triggerData }];
    for (const binding of Object.values(metadata.bindings)) {
      const data = others[binding.type];
      if (data !== undefined) inputData.push({ name: binding.name, data });
    }
    const model = this.#model?.getInvocationModel({
      invocationId: randomUUID(),
      metadata,
      request: { inputData, triggerMetadata: {}, traceContext: {} },
      log: (level: string, _category: string, message: string) => this.logged.push(`${level} ${message}`),
    });
    if (model === undefined) throw new Error('No app has been loaded.');
    const { context, inputs } = await model.getArguments();
    const hookContext = {
      inputs,
      functionCallback: callback,
      invocationContext: context,
      hookData: {},
      appHookData: {},
    };
    for (const hook of this.#hooks) await hook(hookContext);
    const result = await model.invokeFunction(context, hookContext.inputs, hookContext.functionCallback);
    return (await model.getResponse(context, result)).returnValue;
  }

  #function(name: string) {
    const found = this.functions.get(name);
    if (found === undefined) throw new Error(`There is no function ${name}.`);
    return found;
  }
}
