import type { StreamedEvent, TurnEnd, TurnEvent, TurnFailure } from './turn-event.ts';

/** Trouble with the stream itself; the turn goes on. */
export interface StreamErrorEvent {
  type: 'error';
  error: TurnFailure;
}

/** What a response body is made of. */
export type BodyPart = 'ping' | StreamedEvent | { id?: undefined; event: StreamErrorEvent | (TurnEvent & TurnEnd) };

/** Writes the parts of a stream as the text of a response body. Every result is whole: no event or character is cut. */
export interface StreamEncoder {
  readonly contentType: string;
  /** Sent before the first event. */
  readonly start: string;
  encode(part: BodyPart): string;
}

/**
 * Server-sent events: `id` to resume after, `event` (`message`, and for the end `done` or `error`), `data` with the
 * event as JSON. An idle stream has comments.
 */
export const eventStreamEncoder: StreamEncoder = {
  contentType: 'text/event-stream',
  // Browsers come back after a second when the connection breaks.
  start: 'retry: 1000\n\n',
  encode(part) {
    if (part === 'ping') return ': ping\n\n';
    const { id, event } = part;
    const idLine = id === undefined ? '' : `id: ${id}\n`;
    return `${idLine}event: ${eventName(part)}\ndata: ${JSON.stringify(event)}\n\n`;
  },
};

/** Only the text of the answer. What cannot be said in it, such as an error, is in a line in brackets. */
export function plainTextEncoder(): StreamEncoder {
  let step: string | undefined;
  return {
    contentType: 'text/plain; charset=utf-8',
    start: '',
    encode(part) {
      if (part === 'ping') return '';
      const { event } = part;
      switch (event.type) {
        case 'textDelta': {
          // Texts of two model calls are two paragraphs.
          const gap = step !== undefined && step !== event.step ? '\n\n' : '';
          step = event.step;
          return gap + event.text;
        }
        case 'attempt':
        case 'reset': {
          const isVoid = event.type === 'reset' || event.step === 'turn' || event.step === step;
          if (step === undefined || !isVoid) return '';
          step = undefined;
          return '\n[The text begins again.]\n';
        }
        case 'done':
          return event.outcome === 'completed' ? '\n' : `\n[Error: ${event.error.message}]\n`;
        case 'error':
          return `\n[Error: ${event.error.message}]\n`;
        default:
          return '';
      }
    },
  };
}

function eventName({ event }: Exclude<BodyPart, 'ping'>): 'message' | 'done' | 'error' {
  if (event.type === 'done') return event.outcome === 'completed' ? 'done' : 'error';
  return event.type === 'error' ? 'error' : 'message';
}
