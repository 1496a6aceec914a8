/** Time for waiting, so that tests can move it by hand. */
export interface Timers {
  /** Milliseconds from some start; never goes back. */
  now(): number;
  /** Calls back once after `ms` milliseconds; the result cancels it. */
  after(ms: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
