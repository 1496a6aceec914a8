import { messageText } from '../agent/message.ts';
import type { ChatResponse, ChatUpdate } from '../model/chat-client.ts';
import type { TurnEventBody } from './turn-event.ts';
import { piecesOf, WholeCharacters } from './whole-characters.ts';

/** Longest text of one event, in UTF-16 units. Models write far shorter pieces; one that does not stream gives all at once. */
const maxPiece = 8_192;

/** Turns the updates of one model call, with its retries, into events. */
export class ModelCallEvents {
  readonly step: string;
  #attempt = 1;
  /** Whether this attempt has written anything, and whether text was among it. */
  #hasWritten = false;
  #hasText = false;
  #hasReasoning = false;
  #text = new WholeCharacters();
  #reasoning = new WholeCharacters();

  constructor(step: string) {
    this.step = step;
  }

  /** The next call of the same run. */
  following(): ModelCallEvents {
    return new ModelCallEvents(`model-${Number(this.step.slice('model-'.length)) + 1}`);
  }

  /** The events that an update makes. A tool call is told of when it is executed, so its making is not. */
  *take(update: ChatUpdate, attempt: number): Generator<TurnEventBody> {
    if (attempt > this.#attempt) yield* this.#restart(attempt);
    switch (update.type) {
      case 'text':
        this.#hasText = true;
        yield* this.#deltas('textDelta', this.#text.add(update.text));
        return;
      case 'reasoning':
        this.#hasReasoning = true;
        yield* this.#deltas('reasoningDelta', this.#reasoning.add(update.text));
        return;
      case 'response':
        yield* this.#end(update.response);
        return;
      default:
        return;
    }
  }

  *#restart(attempt: number): Generator<TurnEventBody> {
    this.#attempt = attempt;
    this.#text = new WholeCharacters();
    this.#reasoning = new WholeCharacters();
    this.#hasText = false;
    this.#hasReasoning = false;
    if (this.#hasWritten) yield { type: 'attempt' };
    this.#hasWritten = false;
  }

  *#end({ messages, usage }: ChatResponse): Generator<TurnEventBody> {
    const reasoning = this.#hasReasoning ? this.#reasoning.end() : messages.map(reasoningText).join('');
    yield* this.#deltas('reasoningDelta', reasoning);
    const text = this.#hasText ? this.#text.end() : messages.map(messageText).join('');
    yield* this.#deltas('textDelta', text);
    if (usage !== undefined) yield { type: 'usage', usage };
  }

  *#deltas(type: 'textDelta' | 'reasoningDelta', text: string): Generator<TurnEventBody> {
    for (const piece of piecesOf(text, maxPiece)) {
      this.#hasWritten = true;
      yield { type, text: piece };
    }
  }
}

function reasoningText({ contents }: ChatResponse['messages'][number]): string {
  return contents.map((content) => (content.type === 'reasoning' ? (content.text ?? '') : '')).join('');
}
