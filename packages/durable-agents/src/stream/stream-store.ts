import type { AgentSessionId } from '../ids.ts';
import type { StreamedEvent, TurnEvent } from './turn-event.ts';

/** Names the stream of one turn. */
export interface TurnKey {
  sessionId: AgentSessionId;
  correlationId: string;
}

/** The right to write as one attempt of a step. */
export interface Attempt {
  /** Higher than that of every attempt before, in the whole stream. */
  attempt: number;
  /** Whether the step was begun before. */
  again: boolean;
}

/**
 * Where the events of running turns are. A stream is a log: writers append and never wait for readers; readers read at
 * their own pace. It is a view of the turn and not its record, so a stream may be lost: it is deleted some time after
 * its last event (by default 10 minutes), and a very long one loses its beginning.
 */
export interface StreamStore {
  /** Makes the stream known before its first event. Does nothing if it is there. */
  open(key: TurnKey): Promise<void>;
  exists(key: TurnKey): Promise<boolean>;
  /** Begins an attempt of a step. Opens the stream if need be. */
  beginAttempt(key: TurnKey, step: string): Promise<Attempt>;
  /** Adds events in order, all or none where the store can do that. */
  append(key: TurnKey, events: readonly TurnEvent[]): Promise<void>;
  /**
   * All events after the one with the id `afterId`, then new ones as they come. Ends after the turn's last event, or
   * when the signal aborts; waits where there is no stream yet. An id that the stream does not know, or no longer
   * knows, gives a `reset` and the stream from its beginning.
   */
  read(key: TurnKey, afterId: string | undefined, signal: AbortSignal): AsyncIterable<StreamedEvent>;
  delete(key: TurnKey): Promise<void>;
  /** Deletes the streams of all turns of a session. */
  deleteSession(sessionId: AgentSessionId): Promise<void>;
  /** Frees what the store holds. Readers end. */
  close(): Promise<void>;
}

/** How long a stream is kept after its last event, in milliseconds. */
export const defaultStreamTtlMs = 600_000;

/** A key as one text, for maps and tables. */
export function keyText({ sessionId, correlationId }: TurnKey): string {
  return JSON.stringify([sessionId, correlationId]);
}
