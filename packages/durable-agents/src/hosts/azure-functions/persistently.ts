import { setTimeout } from 'node:timers/promises';

/** Waits between attempts, in milliseconds: long enough for a blip, short enough for an operation. */
const pausesMs = [100, 400, 1_500];

/** Does what may fail for a moment, four times at most. Rejects as the last attempt did. */
export async function persistently(action: () => Promise<void>): Promise<void> {
  for (const pause of pausesMs) {
    try {
      return await action();
    } catch {
      // The last attempt below says what is wrong.
      await setTimeout(pause);
    }
  }
  await action();
}
