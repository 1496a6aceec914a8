import type { Logger } from '../log.ts';
import { AppLoadError } from './app-load-error.ts';
import type {
  AppInvocationContext,
  CoreLogLevel,
  FunctionCallback,
  FunctionMetadata,
  LogCategory,
} from './core-types.ts';
import { Disposable } from './disposable.ts';
import { HookRegistry } from './hooks.ts';
import { runLogHooks } from './log-hooks.ts';
import { type RegisteredFunction, toRegisteredFunction } from './registered-function.ts';
import { isReplaying } from './replay-log.ts';

/** The invocation a log line belongs to. */
export interface LogScope {
  readonly functionName: string;
  /** Whether the function's code is run over again from its history, as that of orchestrators. */
  readonly replays: boolean;
  readonly hookData: object;
  readonly context: () => AppInvocationContext | undefined;
}

/** What one app registers while it is loaded, and what its hooks share afterwards. */
export class AppRegistry {
  readonly hooks = new HookRegistry();
  /** Shared by all hooks of the app for as long as it lives. */
  readonly appHookData: Record<string, unknown> = {};
  readonly #functions = new Map<string, RegisteredFunction>();
  readonly #logger: Logger;
  #locked = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get functions(): readonly RegisteredFunction[] {
    return [...this.#functions.values()];
  }

  /** From now on the set of functions is fixed. */
  lock(): void {
    this.#locked = true;
  }

  /** @throws AppLoadError `registrationClosed`, `duplicateFunction` or `invalidFunction` */
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
    this.#ensureOpen('registered');
    const fn = toRegisteredFunction(metadata, callback);
    // Function names are one namespace without regard to case on the real host.
    const key = fn.id.toLowerCase();
    const other = this.#functions.get(key);
    if (other) {
      throw new AppLoadError(
        'duplicateFunction',
        other.id === fn.id
          ? `Two functions are registered under the name "${fn.id}".`
          : `The functions "${other.id}" and "${fn.id}" have the same name.`,
        'Rename one of them; upper and lower case make no difference.',
      );
    }
    this.#functions.set(key, fn);
    return new Disposable(() => {
      this.#ensureOpen('removed');
      this.#functions.delete(key);
    });
  }

  /**
   * Lets the app's log hooks see, and for user lines change, what is then logged. A line that an orchestrator writes while
   * it is replayed is no new line and goes nowhere.
   */
  log(level: CoreLogLevel, category: LogCategory, message: string, scope?: LogScope): void {
    if (category === 'user' && scope?.replays && isReplaying(scope.context())) {
      return;
    }
    const line = runLogHooks(this, { level, category, message }, scope);
    if (line.level === 'none') {
      return;
    }
    const owner = scope ? `Function.${scope.functionName}` : 'Worker';
    const name = scope && category === 'user' ? `${owner}.User` : owner;
    this.#logger.withCategory(name).write(line.level, line.message);
  }

  #ensureOpen(action: string): void {
    if (this.#locked) {
      throw new AppLoadError(
        'registrationClosed',
        `A function can only be ${action} while the app is loading.`,
        'Move the call to the top level of a file that package.json "main" names.',
      );
    }
  }
}
