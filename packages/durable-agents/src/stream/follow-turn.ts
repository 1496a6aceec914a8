import { describeError } from '../agent/describe-error.ts';
import type { Logger } from '../log.ts';
import type { BodyPart } from './encode-events.ts';
import type { StreamStore, TurnKey } from './stream-store.ts';
import type { StreamedEvent, TurnEnd, TurnEvent } from './turn-event.ts';

export interface FollowTurnOptions {
  store: StreamStore;
  key: TurnKey;
  /** Id of the last event that the reader has. */
  afterId: string | undefined;
  /** How the turn has ended, by its record; `undefined` while it has not. */
  readEnd: () => Promise<TurnEnd | undefined>;
  controller: AbortController;
  log: Logger;
  /** Time without an event after which there is a ping, in milliseconds. */
  pingMs: number;
  /** Time after which the reader has to come back, in milliseconds. */
  maxDurationMs: number;
}

/** First and longest pause between two looks at the record while the stream is silent, in milliseconds. */
const firstLookMs = 250;
const longestLookMs = 2_000;
/** How long an event may take from the store to here when the record is ahead of the stream. */
const graceMs = 100;

/**
 * The events of a turn, with pings while there are none. Ends after the last event. The turn's record is looked at as
 * well: a stream may be lost with the process that wrote it, and a reader must learn of the end all the same.
 */
export async function* followTurn(options: FollowTurnOptions): AsyncGenerator<BodyPart, void> {
  const { store, key, afterId, readEnd, controller, log, pingMs, maxDurationMs } = options;
  const { signal } = controller;
  const deadline = performance.now() + maxDurationMs;
  let iterator: AsyncIterator<StreamedEvent> | undefined;
  try {
    iterator = store.read(key, afterId, signal)[Symbol.asyncIterator]();
    let next = look(iterator);
    let lookMs = firstLookMs;
    let pingAt = performance.now() + pingMs;
    while (!signal.aborted) {
      const now = performance.now();
      if (now >= deadline) return;
      const result = await within(next, Math.min(lookMs, pingAt - now, deadline - now));
      if (result !== undefined) {
        if (result.done) return;
        yield result.value;
        next = look(iterator);
        lookMs = firstLookMs;
        pingAt = performance.now() + pingMs;
        continue;
      }
      if (performance.now() >= pingAt) {
        yield 'ping';
        pingAt = performance.now() + pingMs;
        continue;
      }
      lookMs = Math.min(lookMs * 2, longestLookMs);
      const end = await readEnd();
      if (end === undefined) continue;
      if ((await within(next, graceMs)) !== undefined) continue;
      yield { event: recorded(end) };
      return;
    }
  } catch (error) {
    log.error('A stream could not be read.', { correlationId: key.correlationId, error: describeError(error) });
    const message = 'The stream could not be read. Come back with the id of the last event, or fetch the outcome.';
    yield { event: { type: 'error', error: { code: 'streamUnavailable', message } } };
  } finally {
    // The read in flight ends by the signal; only then can the iterator be closed.
    controller.abort();
    await iterator?.return?.();
  }
}

function look(iterator: AsyncIterator<StreamedEvent>): Promise<IteratorResult<StreamedEvent>> {
  const next = iterator.next();
  // When the reader goes away during a ping, nobody is left to hear of a failure.
  next.catch(() => undefined);
  return next;
}

/** The end by the record: it outranks whatever attempt the stream was at. */
function recorded(end: TurnEnd): TurnEvent & TurnEnd {
  return { ...end, step: 'turn', attempt: Number.MAX_SAFE_INTEGER, sequence: 1, at: Date.now() };
}

/** What the promise gives, or `undefined` if that takes longer than `ms` milliseconds. */
async function within<Result>(promise: Promise<Result>, ms: number): Promise<Result | undefined> {
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, Math.max(ms, 0), undefined);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
