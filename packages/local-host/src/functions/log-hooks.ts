import type { AppRegistry, LogScope } from './app-registry.ts';
import type { CoreLogLevel, LogCategory } from './core-types.ts';

interface LogLine {
  level: CoreLogLevel;
  message: string;
  readonly category: LogCategory;
}

/** A hook that logs would call itself for ever. */
let insideHook = false;

/** What is to be logged after the `log` hooks have run. They may change level and text of user lines only. */
export function runLogHooks(registry: AppRegistry, line: LogLine, scope: LogScope | undefined): LogLine {
  const hooks = registry.hooks.get('log');
  if (hooks.length === 0 || insideHook) {
    return line;
  }
  const context = {
    level: line.level,
    message: line.message,
    get category() {
      return line.category;
    },
    get hookData() {
      return scope?.hookData ?? {};
    },
    get appHookData() {
      return registry.appHookData;
    },
    get invocationContext() {
      return scope?.context();
    },
  };
  insideHook = true;
  try {
    for (const hook of hooks) {
      hook(context);
    }
  } catch (error) {
    // A broken hook must not silence the line it was called for.
    return { ...line, message: `${line.message} (a log hook failed: ${String(error)})` };
  } finally {
    insideHook = false;
  }
  return line.category === 'user' ? { ...line, level: context.level, message: context.message } : line;
}
