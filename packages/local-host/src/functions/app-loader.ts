import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Logger, silentLogger } from '../log.ts';
import { AppLoadError } from './app-load-error.ts';
import { AppRegistry } from './app-registry.ts';
import type { ResolveInput } from './binding-input.ts';
import { BindingNotices } from './binding-support.ts';
import {
  hasTwoProgrammingModels,
  installCoreModule,
  loadedProgrammingModel,
  releaseCoreModule,
} from './core-module.ts';
import type { ProgrammingModel } from './core-types.ts';
import { findEntryFiles } from './entry-files.ts';
import { appHookContext, FunctionsApp } from './functions-app.ts';
import { toImportError } from './import-failure.ts';
import { readPackageManifest } from './package-manifest.ts';
import { StreamProxies } from './stream-proxy.ts';

export interface LoadAppOptions {
  /** Folder with the app's package.json. */
  readonly appDirectory: string;
  /** Default: no logs. */
  readonly logger?: Logger;
  /** Data for input bindings that are not triggers. Default: none. */
  readonly resolveInput?: ResolveInput;
  /** Longest time of one invocation in milliseconds. Default: no limit. */
  readonly functionTimeoutMs?: number | undefined;
}

/** What the real worker offers; the library adds its own. */
const DEFAULT_CAPABILITIES = [
  'RawHttpBodyBytes',
  'RpcHttpTriggerMetadataRemoved',
  'RpcHttpBodyOnly',
  'IgnoreEmptyValuedRpcHttpHeaders',
  'UseNullableValueDictionaryForHttp',
  'WorkerStatus',
  'TypedDataCollection',
  'HandlesWorkerTerminateMessage',
] as const;

let loaded: string | undefined;

/**
 * Loads an unmodified Functions app into this process. Set its environment before. A process takes one app in its life:
 * modules cannot be unloaded. After a load that failed, another may be tried.
 *
 * @throws AppLoadError with what is wrong and what to do
 */
export async function loadApp(options: LoadAppOptions): Promise<FunctionsApp> {
  if (loaded !== undefined) {
    throw new AppLoadError(
      'appAlreadyLoaded',
      `This process has already loaded the app in ${loaded}.`,
      'Use one process per app, and a new process to reload it.',
    );
  }
  const logger = options.logger ?? silentLogger;
  const directory = await realpath(options.appDirectory).catch(() => options.appDirectory);
  const registry = new AppRegistry(logger);
  loaded = directory;
  try {
    installCoreModule(registry);
    await importEntryFiles(directory, logger);
    return await startApp(directory, registry, options, logger);
  } catch (error) {
    releaseCoreModule();
    loaded = undefined;
    throw error;
  }
}

async function importEntryFiles(directory: string, logger: Logger): Promise<void> {
  const manifest = await readPackageManifest(directory);
  const require = createRequire(join(directory, 'package.json'));
  for (const file of await findEntryFiles(directory, manifest.main)) {
    logger.debug(`Loading ${file}`);
    try {
      if (isEsModule(file, manifest.isModule)) {
        await import(pathToFileURL(file).href);
      } else {
        require(file);
      }
    } catch (thrown) {
      throw await toImportError(directory, file, thrown);
    }
  }
}

/** The rule of the real worker: the extension decides, else the package's type. */
function isEsModule(file: string, isModulePackage: boolean): boolean {
  const extension = extname(file);
  return extension === '.mjs' || (isModulePackage && extension !== '.cjs');
}

async function startApp(
  directory: string,
  registry: AppRegistry,
  options: LoadAppOptions,
  logger: Logger,
): Promise<FunctionsApp> {
  try {
    await registry.hooks.run('appStart', appHookContext(registry.appHookData, directory));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const fix = 'Correct the hook and start again.';
    throw new AppLoadError('hookFailed', `An appStart hook of the app failed: ${reason}.`, fix, { cause: error });
  }
  const model = requireModel(registry);
  if (hasTwoProgrammingModels()) {
    logger.warn(
      'Two copies of @azure/functions are loaded; only one works properly. Run npm dedupe, or bundle the app.',
    );
  }
  const proxies = new StreamProxies();
  const defaults = Object.fromEntries(DEFAULT_CAPABILITIES.map((name) => [name, 'true']));
  const capabilities = await proxies.whileOpening(async () => (await model.getCapabilities?.(defaults)) ?? defaults);
  registry.lock();
  const host = {
    registry,
    model,
    resolveInput: options.resolveInput ?? (() => undefined),
    notices: new BindingNotices(registry.functions, logger),
  };
  return new FunctionsApp(directory, host, capabilities, proxies, { timeoutMs: options.functionTimeoutMs, logger });
}

function requireModel(registry: AppRegistry): ProgrammingModel {
  if (registry.functions.length === 0) {
    throw new AppLoadError(
      'noFunctions',
      'The app was loaded, but it registered no functions.',
      'Check that package.json "main" names the files that call app.http(...) and the like.',
    );
  }
  const model = loadedProgrammingModel();
  if (!model) {
    throw new AppLoadError(
      'unsupportedModel',
      'The app registers functions without a programming model.',
      'Use @azure/functions version 4.',
    );
  }
  return model;
}
