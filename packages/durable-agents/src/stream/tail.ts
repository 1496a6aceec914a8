import type { StreamedEvent } from './turn-event.ts';
import type { Wakeups } from './wakeups.ts';

/** The events after a cursor, not always all of them. */
export interface Page<Cursor> {
  events: readonly StreamedEvent[];
  /** The cursor after the last of them. */
  cursor: Cursor;
  /** Whether the event before the cursor was the last of its turn; absent: the reader has seen that event. */
  ended?: boolean | undefined;
}

export interface TailOptions<Cursor> {
  next(cursor: Cursor): Promise<Page<Cursor>>;
  start: Cursor;
  wakeups: Wakeups;
  topic: string;
  signal: AbortSignal;
  /** How long to wait for a wake-up before looking again, given the number of looks in vain; absent: for ever. */
  pauseMs?: ((idleLooks: number) => number) | undefined;
}

/**
 * Reads a log to its end and follows it until the turn is over. An event that a writer has written twice, because it
 * did not hear that the first time was a success, comes once.
 */
export async function* tail<Cursor>(options: TailOptions<Cursor>): AsyncGenerator<StreamedEvent, void> {
  const { wakeups, topic, signal, pauseMs } = options;
  const follower = wakeups.follow(topic);
  const seenSequences = new Map<number, number>();
  try {
    let cursor = options.start;
    let ended = false;
    let idleLooks = 0;
    while (!signal.aborted && !wakeups.closed) {
      const seen = follower.count();
      const page = await options.next(cursor);
      cursor = page.cursor;
      for (const streamed of page.events) {
        if (signal.aborted) return;
        if (isRepeated(streamed, seenSequences)) continue;
        ended = streamed.event.type === 'done';
        yield streamed;
      }
      if (page.events.length > 0) {
        idleLooks = 0;
        continue;
      }
      // Only now: a turn that was interrupted after its last event goes on behind it.
      if (page.ended ?? ended) return;
      idleLooks++;
      await follower.wait(seen, signal, pauseMs?.(idleLooks));
    }
  } finally {
    follower.dispose();
  }
}

function isRepeated({ event }: StreamedEvent, seenSequences: Map<number, number>): boolean {
  if (event.type === 'reset') {
    seenSequences.clear();
    return false;
  }
  if (event.sequence <= (seenSequences.get(event.attempt) ?? 0)) return true;
  seenSequences.set(event.attempt, event.sequence);
  return false;
}
