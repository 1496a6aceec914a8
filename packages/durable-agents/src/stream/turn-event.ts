import type { Usage } from '../agent/content.ts';
import type { FinishReason } from '../agent/response.ts';
import type { JsonObject, JsonValue } from '../json.ts';

/** Where an event belongs in its turn. */
export interface EventStamp {
  /** The part of the turn that wrote it: `turn`, `model-{n}`, `tool-{n}-{index}`; n counts the model calls from 1. */
  step: string;
  /**
   * Number of the attempt that wrote it; later attempts have higher numbers. When a step is tried again, what its
   * earlier attempts wrote is void; when the step is `turn`, all that was written before is.
   */
  attempt: number;
  /** Rises within an attempt. With `attempt` it names the event: one that comes twice has the same pair. */
  sequence: number;
  /** Time of writing, in milliseconds since 1970. */
  at: number;
}

/** What a turn has to tell while it runs. */
export type TurnEventBody =
  | { type: 'turnStarted'; agent: string; sessionId: string; correlationId: string; simulated: boolean }
  /** `step` begins again: forget what its earlier attempts wrote. */
  | { type: 'attempt' }
  /** The next piece of the answer; never ends inside a character. */
  | { type: 'textDelta'; text: string }
  | { type: 'reasoningDelta'; text: string }
  /** A tool is being called. Long arguments are cut to an excerpt that says so. */
  | { type: 'toolCallStarted'; callId: string; name: string; arguments: JsonValue }
  | { type: 'toolProgress'; callId: string; name: string; data: JsonValue }
  /** A long result is cut to an excerpt that says so. */
  | { type: 'toolResult'; callId: string; name: string; result: JsonValue }
  /** Tokens of one model call. */
  | { type: 'usage'; usage: Usage }
  /** The turn rests until somebody decides. */
  | { type: 'approvalRequested'; callId: string; name: string; arguments: JsonValue }
  | TurnEnd;

/** The last event of a turn. `text` is the whole answer, whatever a reader may have missed. */
export type TurnEnd =
  | { type: 'done'; outcome: 'completed'; text: string; value?: JsonValue; finishReason?: FinishReason; usage?: Usage }
  | { type: 'done'; outcome: 'failed'; error: TurnFailure; usage?: Usage };

export interface TurnFailure extends JsonObject {
  code: string;
  message: string;
}

/** One entry of a turn's stream. Plain JSON. */
export type TurnEvent = TurnEventBody & EventStamp;

/** Said by a store, not by the turn: events are missing, so forget what came before and take what follows. */
export interface ResetEvent {
  type: 'reset';
  /** `trimmed`: the stream was too long to be kept whole. `unknownCursor`: it is another stream than the cursor's. */
  reason: 'trimmed' | 'unknownCursor';
}

/** An event as a reader gets it. One without an id cannot be resumed after. */
export type StreamedEvent = { id: string; event: TurnEvent } | { id?: undefined; event: ResetEvent };
