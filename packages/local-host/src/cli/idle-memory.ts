import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long it has to be quiet, in milliseconds. */
const quietMs = 1_500;
/** Up to this share of the time the event loop may be busy for it to count as quiet. */
const quietShare = 0.05;

type Collect = (options: { type: 'major'; flavor: 'last-resort' }) => void;

/**
 * Gives memory back once the host has been quiet for a moment. Under load V8 lets its heap grow as far as a large machine
 * allows, and has no reason to shrink it afterwards; a developer's machine has better uses for it.
 *
 * @returns to be called when there is something to do; while nothing is, nothing is armed
 */
export function giveBackWhenQuiet(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    const before = performance.eventLoopUtilization();
    timer = setTimeout(() => {
      const { utilization } = performance.eventLoopUtilization(before);
      if (utilization > quietShare) return arm();
      timer = undefined;
      collect({ type: 'major', flavor: 'last-resort' });
      // What finalizers and weak references let go of in the first round.
      setTimeout(() => collect({ type: 'major', flavor: 'last-resort' }), 200).unref();
    }, quietMs);
    timer.unref();
  };
  return () => {
    if (timer === undefined) arm();
  };
}
