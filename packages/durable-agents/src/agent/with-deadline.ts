export type DeadlineOutcome<T> =
  | { kind: 'done'; value: T }
  | { kind: 'failed'; error: unknown }
  | { kind: 'timeout' }
  | { kind: 'aborted' };

/**
 * Runs `work` until it settles, `timeoutMs` milliseconds are over, or `parent` aborts. The work's signal is aborted in
 * the last two cases; what the work does later is ignored, a late rejection included. Never rejects.
 */
export function withDeadline<T>(
  parent: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T> | T,
): Promise<DeadlineOutcome<T>> {
  return new Promise((resolve) => {
    if (parent.aborted) {
      resolve({ kind: 'aborted' });
      return;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => {
      finish({ kind: 'timeout' });
      controller.abort(new DOMException(`No result within ${timeoutMs} ms.`, 'TimeoutError'));
    }, timeoutMs);
    const onAbort = () => {
      finish({ kind: 'aborted' });
      controller.abort(parent.reason);
    };
    const finish = (outcome: DeadlineOutcome<T>) => {
      clearTimeout(timer);
      parent.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    parent.addEventListener('abort', onAbort, { once: true });
    // The async wrapper turns a throw before the first await into a rejection.
    (async () => work(controller.signal))().then(
      (value) => finish({ kind: 'done', value }),
      (error: unknown) => finish({ kind: 'failed', error }),
    );
  });
}
