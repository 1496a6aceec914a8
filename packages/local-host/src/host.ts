import { join } from 'node:path';
import { AppExecutor } from './durable/app-executor.ts';
import { clientBindingData } from './durable/client-binding.ts';
import { hubPolicy } from './durable/durable-settings.ts';
import { GrpcExecutor } from './durable/grpc-executor.ts';
import { DurableHttpApi } from './durable/http-api.ts';
import { callApi, RpcServer } from './durable/rpc-server.ts';
import { ADMIN_INVOKE_PREFIX, adminInvoke } from './functions/admin-invoke.ts';
import { loadApp } from './functions/app-loader.ts';
import { isDurableClient } from './functions/binding-support.ts';
import type { FunctionsApp } from './functions/functions-app.ts';
import { FunctionsHttpServer } from './functions/http-server.ts';
import type { RegisteredFunction } from './functions/registered-function.ts';
import { routeConflicts } from './functions/route-conflicts.ts';
import type { Router } from './functions/router.ts';
import { applyEnvironment, type HostSettings, isDisabledFunction, readSettings } from './functions/settings.ts';
import { startWarnings } from './functions/start-warnings.ts';
import { systemClock } from './hub/executor.ts';
import { Hub } from './hub/hub.ts';
import { DURABLE_KEY } from './keys/key.ts';
import { KeyGuard } from './keys/key-guard.ts';
import { KeyStore } from './keys/key-store.ts';
import { isLoopbackBind } from './keys/loopback-bind.ts';
import { type Logger, silentLogger } from './log.ts';
import { makeDataFolder } from './store/data-folder.ts';
import { SqliteStore } from './store/sqlite-store.ts';
import { TimerRunner } from './timers/timer-runner.ts';

export interface LocalHostOptions {
  /** Folder with the app's package.json and host.json. */
  appDirectory: string;
  /** Default: `.durable` in the app's folder. */
  dataDirectory?: string | undefined;
  /** Default: that of local.settings.json, else 7071. 0 takes a free one. */
  port?: number | undefined;
  /** Address to listen on. Default: this machine only. */
  host?: string | undefined;
  /** Names besides localhost that requests may be addressed to. Default: none. */
  allowedHosts?: readonly string[] | undefined;
  /** Ask for keys as Azure does. Default: only when `host` lets other machines in. */
  auth?: boolean | undefined;
  /** Take the long way through JSON text everywhere, as Azure does. Default false. */
  strict?: boolean | undefined;
  /** Called for each HTTP request. */
  onRequest?: (() => void) | undefined;
  logger?: Logger | undefined;
  /** What `readSettings` gave for this folder, where the caller has read it already. Default: read now. */
  settings?: HostSettings | undefined;
}

interface Parts {
  url: string;
  dataDirectory: string;
  auth: boolean;
  app: FunctionsApp;
  router: Router;
  hub: Hub;
  timers: TimerRunner;
  server: FunctionsHttpServer;
  rpc: RpcServer;
  store: SqliteStore;
}

/** Where the state of an app is: where it was said to be, else in `.durable` in the app's folder. */
export function dataDirectoryOf(options: Pick<LocalHostOptions, 'appDirectory' | 'dataDirectory'>): string {
  return options.dataDirectory ?? join(options.appDirectory, '.durable');
}

const webhookPrefix = '/runtime/webhooks/durabletask';

/** The local host: one app, its HTTP functions, and its durable functions on a store of its own. */
export class LocalHost {
  readonly url: string;
  readonly dataDirectory: string;
  /** Whether requests have to show keys. */
  readonly auth: boolean;
  readonly app: FunctionsApp;
  readonly router: Router;
  readonly hub: Hub;
  readonly #timers: TimerRunner;
  readonly #server: FunctionsHttpServer;
  readonly #rpc: RpcServer;
  readonly #store: SqliteStore;
  #stopped: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.url = parts.url;
    this.dataDirectory = parts.dataDirectory;
    this.auth = parts.auth;
    this.app = parts.app;
    this.router = parts.router;
    this.hub = parts.hub;
    this.#timers = parts.timers;
    this.#server = parts.server;
    this.#rpc = parts.rpc;
    this.#store = parts.store;
  }

  /**
   * Takes the data folder and the port, loads the app, and goes on with what an earlier process left.
   *
   * @throws HostError (settings, port, app, keys) or StoreError (data folder), with what to do
   */
  static async start(options: LocalHostOptions): Promise<LocalHost> {
    const settings = options.settings ?? readSettings(options.appDirectory);
    const dataDirectory = dataDirectoryOf(options);
    makeDataFolder(dataDirectory);
    const undo: (() => unknown)[] = [];
    try {
      return new LocalHost(await compose(options, settings, dataDirectory, undo));
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  /**
   * Refuses new requests, lets running ones end, then stops. What is cut off goes on after the next start.
   *
   * @param graceMs time for what runs, in milliseconds; default 10 s
   */
  stop(graceMs = 10_000): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    const deadline = Date.now() + graceMs;
    const left = () => Math.max(0, deadline - Date.now());
    try {
      await this.hub.announceStop();
      await this.#server.stop(graceMs);
      await this.#timers.stop(left());
      await this.hub.stop(left());
      await this.app.stop();
    } finally {
      this.#rpc.stop();
      this.#store.close();
    }
  }
}

async function compose(
  options: LocalHostOptions,
  settings: HostSettings,
  dataDirectory: string,
  undo: (() => unknown)[],
): Promise<Parts> {
  const logger = options.logger ?? silentLogger;
  const { appDirectory, host } = options;
  const keys = (options.auth ?? !isLoopbackBind(host)) ? new KeyStore(dataDirectory) : undefined;
  let opened: SqliteStore | undefined;
  const server = new FunctionsHttpServer({
    port: options.port ?? settings.port ?? 7071,
    ...(host !== undefined && { host }),
    ...(options.allowedHosts && { allowedHosts: options.allowedHosts }),
    ...(keys && { keys: new KeyGuard(keys, logger) }),
    cors: settings.cors,
    ...(options.onRequest && { onRequest: options.onRequest }),
    problem: () => (opened?.health().ok === false ? 'storeNotWritable' : undefined),
    logger,
  });
  const { port, url } = await server.listen();
  undo.push(() => server.stop(0));
  const store = SqliteStore.open(dataDirectory);
  opened = store;
  undo.push(() => store.close());
  keys?.ensure([DURABLE_KEY]);
  applyEnvironment(settings, { appDirectory, port });

  let api: DurableHttpApi | undefined;
  const rpc = await RpcServer.start(() => api!, logger);
  undo.push(() => rpc.stop());
  const systemKey = keys && (() => keys.systemKey(DURABLE_KEY));
  const address = { origin: url, taskHub: settings.taskHubName, rpcBaseUrl: rpc.baseUrl, systemKey };
  const keylessData = keys ? undefined : { string: clientBindingData(address) };
  const clientData = () => keylessData ?? { string: clientBindingData(address) };

  const app = await loadApp({
    appDirectory,
    logger,
    functionTimeoutMs: settings.functionTimeoutMs,
    resolveInput: ({ type }) => (isDurableClient(type) ? clientData() : undefined),
  });
  undo.push(() => app.stop());
  const hub = new Hub({
    store,
    executor: new GrpcExecutor(app, new AppExecutor(app, { strict: options.strict ?? false })),
    logger,
    policy: hubPolicy(appDirectory, settings.durableTask),
  });
  api = new DurableHttpApi(hub, address);
  const durableApi = api;
  server.mount(
    webhookPrefix,
    async ({ method, url: target, headers, body }) =>
      callApi(durableApi, {
        method,
        path: target.pathname.slice(webhookPrefix.length).replace(/^\//, ''),
        query: target.searchParams,
        headers,
        origin: target.origin,
        body: body.toString('utf8'),
      }),
    { access: { kind: 'system', name: DURABLE_KEY } },
  );
  for (const message of startWarnings(app.functions, supportedTriggers)) logger.warn(message);
  hub.start();
  const isDisabled = (fn: RegisteredFunction) => isDisabledFunction(fn);
  const router = server.serve(app, { routePrefix: settings.routePrefix, isDisabled });
  const timers = new TimerRunner({ app, store, clock: systemClock, logger });
  for (const message of routeConflicts(router.routes)) logger.warn(message);
  server.mount(ADMIN_INVOKE_PREFIX, adminInvoke({ app, timers, logger }));
  timers.start(isDisabled);
  return { url, dataDirectory, auth: keys !== undefined, app, router, hub, timers, server, rpc, store };
}

const supportedTriggers = ['httpTrigger', 'timerTrigger', 'orchestrationTrigger', 'entityTrigger', 'activityTrigger'];
