import Module from 'node:module';
import { AppLoadError } from './app-load-error.ts';
import type { AppRegistry } from './app-registry.ts';
import type { CoreLogLevel, FunctionCallback, FunctionMetadata, LogCategory, ProgrammingModel } from './core-types.ts';
import { Disposable } from './disposable.ts';
import type { HookCallback } from './hooks.ts';

const CORE_MODULE_ID = '@azure/functions-core';

/** Stands in for the worker's version. The library only checks which members exist. */
const WORKER_VERSION = '3.12.0';
const HOST_VERSION = '4.1037.0';

/**
 * Process-wide on purpose: the library asks for the core module once, keeps it, and sets its programming model once. So
 * there is one core object for ever, and it forwards to the app that is being loaded.
 */
let current: AppRegistry | undefined;
let programmingModel: ProgrammingModel | undefined;
let modelWasReplaced = false;
let installed = false;

function registry(): AppRegistry {
  if (!current) {
    throw new AppLoadError(
      'registrationClosed',
      'A function or hook was registered while no app is loading.',
      'Register at the top level of a file that package.json "main" names.',
    );
  }
  return current;
}

const core = {
  version: WORKER_VERSION,
  hostVersion: HOST_VERSION,
  Disposable,
  registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
    registry().registerFunction(metadata, callback),
  registerHook: (name: string, callback: HookCallback) => registry().hooks.register(name, callback),
  setProgrammingModel: (model: ProgrammingModel) => {
    modelWasReplaced = programmingModel !== undefined && programmingModel !== model;
    programmingModel = model;
  },
  getProgrammingModel: () => programmingModel,
  log: (level: CoreLogLevel, category: LogCategory, message: string) => current?.log(level, category, message),
};

/**
 * Makes `require('@azure/functions-core')` answer with this host's core object, for the rest of the process. ES modules
 * are covered too, because the library itself is CommonJS and requires it.
 */
export function installCoreModule(app: AppRegistry): void {
  current = app;
  modelWasReplaced = false;
  if (installed) {
    return;
  }
  installed = true;
  const original = Module.prototype.require;
  Module.prototype.require = Object.assign(function requireWithCore(this: Module, id: string): unknown {
    return id === CORE_MODULE_ID ? core : original.call(this, id);
  }, original);
}

/** Forgets a failed load, so that another can be tried. */
export function releaseCoreModule(): void {
  current = undefined;
}

export function loadedProgrammingModel(): ProgrammingModel | undefined {
  return programmingModel;
}

/** Whether two copies of the library set their model; only the functions of the last one can be invoked properly. */
export function hasTwoProgrammingModels(): boolean {
  return modelWasReplaced;
}
