import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { VirtualTime } from './virtual-time.ts';

interface Run {
  time: VirtualTime;
  ids: number;
}

/** The run that ids and time-outs are for; without one they are the real ones. */
let run: Run | undefined;

const real = {
  randomUUID: crypto.randomUUID,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
};

crypto.randomUUID = (options) =>
  run === undefined ? real.randomUUID(options) : `00000000-0000-4000-8000-${String(run.ids++).padStart(12, '0')}`;
syncBuiltinESMExports();

const fakeSetTimeout = (call: (...values: unknown[]) => void, ms = 0, ...values: unknown[]): unknown => {
  if (run === undefined) return real.setTimeout(call, ms, ...values);
  const cancel = run.time.timeout(ms, () => call(...values));
  const handle = { cancel, unref: () => handle, ref: () => handle };
  return handle;
};
const fakeClearTimeout = (handle: NodeJS.Timeout | { cancel: () => void } | undefined): void => {
  if (handle !== undefined && 'cancel' in handle) handle.cancel();
  else real.clearTimeout(handle);
};
globalThis.setTimeout = fakeSetTimeout as unknown as typeof setTimeout;
globalThis.clearTimeout = fakeClearTimeout as typeof clearTimeout;

/**
 * Takes ids and time-outs of this process over for one run: they are all that the hub gets from outside of its ports.
 * One run at a time.
 *
 * @param died is told of a rejection that nobody handled; a real host process ends there
 * @returns gives everything back
 */
export function takeOverProcess(time: VirtualTime, died: (reason: unknown) => void): () => void {
  const before = run;
  run = { time, ids: 0 };
  // Refusals are ordinary here, and collecting their stacks takes a quarter of all time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', died);
  return () => {
    run = before;
    Error.stackTraceLimit = stackTraceLimit;
    process.removeListener('unhandledRejection', died);
    for (const listener of listeners) process.on('unhandledRejection', listener);
  };
}
