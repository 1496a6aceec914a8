import { randomUUID } from 'node:crypto';
import type { Logger } from '../log.ts';
import type { InvokeRequest, InvokeResult } from './binding-input.ts';
import { withinTimeout } from './function-timeout.ts';
import { type InvocationHost, invokeFunction } from './invocation.ts';
import type { RegisteredFunction } from './registered-function.ts';
import type { StreamProxies } from './stream-proxy.ts';

/** How long an invocation may take, and where it is said when one takes longer. */
export interface InvocationLimit {
  /** Milliseconds; undefined: no limit. */
  readonly timeoutMs: number | undefined;
  readonly logger: Logger;
}

/** The loaded app. It stays loaded until the process ends; `stop` only tells it that the end has come. */
export class FunctionsApp {
  /** Absolute path. */
  readonly directory: string;
  readonly functions: readonly RegisteredFunction[];
  /** Worker capabilities, those that the app set among them. */
  readonly capabilities: Readonly<Record<string, string>>;
  readonly #host: InvocationHost;
  readonly #proxies: StreamProxies;
  readonly #limit: InvocationLimit;
  readonly #byName: ReadonlyMap<string, RegisteredFunction>;
  #stopped: Promise<void> | undefined;

  constructor(
    directory: string,
    host: InvocationHost,
    capabilities: Readonly<Record<string, string>>,
    proxies: StreamProxies,
    limit: InvocationLimit,
  ) {
    this.directory = directory;
    this.functions = host.registry.functions;
    this.capabilities = capabilities;
    this.#host = host;
    this.#proxies = proxies;
    this.#limit = limit;
    this.#byName = new Map(this.functions.map((fn) => [fn.name.toLowerCase(), fn]));
  }

  /** Where the library takes requests when the app streams HTTP. */
  get streamUri(): URL | undefined {
    const uri = this.capabilities.HttpUri;
    return uri ? new URL(uri) : undefined;
  }

  /** By name, in any case. */
  find(name: string): RegisteredFunction | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** Runs a function once. Throws what the handler throws, or FunctionTimeoutError when it takes too long. */
  async invoke(fn: RegisteredFunction, request: InvokeRequest): Promise<InvokeResult> {
    const { timeoutMs, logger } = this.#limit;
    if (timeoutMs === undefined) {
      return await invokeFunction(this.#host, fn, request);
    }
    const invocationId = request.invocationId ?? randomUUID();
    const running = invokeFunction(this.#host, fn, { ...request, invocationId });
    return await withinTimeout(running, { functionName: fn.name, invocationId, timeoutMs, logger });
  }

  /** Runs the app's `appTerminate` hooks, once however often it is called. Throws what a hook throws. */
  stop(): Promise<void> {
    this.#stopped ??= this.#terminate();
    return this.#stopped;
  }

  async #terminate(): Promise<void> {
    const { registry } = this.#host;
    try {
      await registry.hooks.run('appTerminate', appHookContext(registry.appHookData, this.directory));
    } finally {
      this.#proxies.close();
    }
  }
}

/** As much of an app as a server needs. */
export type ServableApp = Pick<FunctionsApp, 'functions' | 'invoke' | 'streamUri'>;

/** What `appStart` and `appTerminate` hooks are given. */
export function appHookContext(appHookData: object, functionAppDirectory: string): object {
  const hookData = {};
  return {
    get hookData() {
      return hookData;
    },
    get appHookData() {
      return appHookData;
    },
    functionAppDirectory,
  };
}
