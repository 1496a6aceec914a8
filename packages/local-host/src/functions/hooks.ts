import { Disposable } from './disposable.ts';

const HOOK_NAMES = ['preInvocation', 'postInvocation', 'appStart', 'appTerminate', 'log'] as const;

export type HookName = (typeof HOOK_NAMES)[number];
export type HookCallback = (context: object) => unknown;

/** The library recognises a missing host feature by exactly this shape of error. */
class UnknownHookError extends RangeError {
  readonly isAzureFunctionsSystemError = true;
  readonly code = 'unknownHook';
}

function isHookName(name: string): name is HookName {
  return (HOOK_NAMES as readonly string[]).includes(name);
}

/** Hooks of one app, in order of registration. */
export class HookRegistry {
  readonly #callbacks = new Map<HookName, HookCallback[]>();

  /** @throws RangeError for a name this host does not know */
  register(name: string, callback: HookCallback): Disposable {
    if (!isHookName(name)) {
      throw new UnknownHookError(`Unknown hook "${name}". This host knows: ${HOOK_NAMES.join(', ')}.`);
    }
    // Wrapped, so that one callback registered twice is two entries and disposing one leaves the other.
    const entry: HookCallback = (context) => callback(context);
    this.#callbacks.set(name, [...this.get(name), entry]);
    return new Disposable(() => {
      this.#callbacks.set(
        name,
        this.get(name).filter((other) => other !== entry),
      );
    });
  }

  get(name: HookName): readonly HookCallback[] {
    return this.#callbacks.get(name) ?? [];
  }

  /** Runs the hooks one after the other; the first that throws ends it. */
  async run(name: HookName, context: object): Promise<void> {
    for (const callback of this.get(name)) {
      await callback(context);
    }
  }
}
