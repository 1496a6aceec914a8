import type { AgentSessionId } from '../../src/ids.ts';
import type { StreamStore, TurnKey } from '../../src/stream/stream-store.ts';
import type { StreamedEvent, TurnEvent, TurnEventBody } from '../../src/stream/turn-event.ts';

let turns = 0;

/** A turn that no other test has. */
export function newKey(session = 's'): TurnKey {
  turns++;
  return { sessionId: `@dafx-joker@${session}` as AgentSessionId, correlationId: `turn${process.pid}x${turns}` };
}

/** Events of one attempt, numbered from `first`. */
export function events(bodies: readonly TurnEventBody[], first = 1, attempt = 1): TurnEvent[] {
  return bodies.map((body, index) => ({ ...body, step: 'turn', attempt, sequence: first + index, at: 1_000 }));
}

export function deltas(texts: readonly string[], first = 1): TurnEvent[] {
  return events(
    texts.map((text) => ({ type: 'textDelta', text })),
    first,
  );
}

export function done(sequence: number, text = 'all'): TurnEvent {
  const [event] = events([{ type: 'done', outcome: 'completed', text }], sequence);
  return event!;
}

/** The text deltas among streamed events. */
export function textsOf(streamed: readonly StreamedEvent[]): string[] {
  return streamed.flatMap(({ event }) => (event.type === 'textDelta' ? [event.text] : []));
}

/** Everything that a reader gets until the turn is over. */
export async function readAll(store: StreamStore, key: TurnKey, afterId?: string): Promise<StreamedEvent[]> {
  return take(store, key, Number.POSITIVE_INFINITY, afterId);
}

/** The first `count` events that a reader gets. */
export async function take(
  store: StreamStore,
  key: TurnKey,
  count: number,
  afterId?: string,
): Promise<StreamedEvent[]> {
  const controller = new AbortController();
  const got: StreamedEvent[] = [];
  for await (const streamed of store.read(key, afterId, controller.signal)) {
    got.push(streamed);
    if (got.length >= count) break;
  }
  controller.abort();
  return got;
}
