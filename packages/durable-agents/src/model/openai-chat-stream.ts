import type { ChatUpdate } from './chat-client.ts';
import { isLoose, type Loose, textOrNothing } from './loose-json.ts';
import { brokenStream } from './openai-errors.ts';
import { fromOpenAIResponse } from './openai-response.ts';

/**
 * A Chat Completions stream as updates. Its end is a reason to finish: a stream without one broke off, whatever the
 * connection says; after it only the usage can be missing.
 *
 * @throws ModelError `modelUnavailable` if the stream broke off.
 */
export async function* readChatStream(chunks: AsyncIterable<unknown>): AsyncGenerator<ChatUpdate, void> {
  const answer = new StreamedCompletion();
  try {
    for await (const chunk of chunks) yield* answer.add(chunk);
  } catch (error) {
    // The answer is whole and paid for: to lose it for a late failure would buy it again.
    if (!answer.isWhole) throw error;
  }
  if (!answer.isWhole) throw brokenStream();
  yield { type: 'response', response: fromOpenAIResponse(answer.body()) };
}

interface StreamedCall {
  id: string;
  name: string;
  /** Pieces that came before the call had a name, or all that have been told. */
  arguments: string;
  isTold: boolean;
}

/** Puts the chunks of a stream together to the body that a request without streaming would have got. */
class StreamedCompletion {
  #id: unknown;
  #model: unknown;
  #usage: unknown;
  #finishReason: unknown;
  #text = '';
  #reasoning = '';
  #refusal = '';
  readonly #calls: StreamedCall[] = [];
  /** Which call the server means by its index. */
  readonly #callAt = new Map<unknown, StreamedCall>();

  get isWhole(): boolean {
    return typeof this.#finishReason === 'string';
  }

  *add(chunk: unknown): Generator<ChatUpdate> {
    if (!isLoose(chunk)) return;
    this.#id ??= textOrNothing(chunk.id);
    this.#model ??= textOrNothing(chunk.model);
    if (isLoose(chunk.usage)) this.#usage = chunk.usage;
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    const choice: unknown = choices.find((candidate) => isLoose(candidate) && (candidate.index ?? 0) === 0);
    if (!isLoose(choice)) return;
    if (isLoose(choice.delta)) yield* this.#addDelta(choice.delta);
    if (textOrNothing(choice.finish_reason) !== undefined) this.#finishReason = choice.finish_reason;
  }

  body(): Loose {
    const message = {
      content: this.#text,
      reasoning_content: this.#reasoning,
      refusal: this.#refusal,
      tool_calls: this.#calls.map(({ id, name, arguments: args }) => ({
        id,
        function: { name: name || undefined, arguments: args },
      })),
    };
    return {
      id: this.#id,
      model: this.#model,
      usage: this.#usage,
      choices: [{ message, finish_reason: this.#finishReason }],
    };
  }

  *#addDelta(delta: Loose): Generator<ChatUpdate> {
    const reasoning = textOrNothing(delta.reasoning_content ?? delta.reasoning);
    if (reasoning !== undefined) {
      this.#reasoning += reasoning;
      yield { type: 'reasoning', text: reasoning };
    }
    const text = textOrNothing(delta.content);
    if (text !== undefined) {
      this.#text += text;
      yield { type: 'text', text };
    }
    this.#refusal += textOrNothing(delta.refusal) ?? '';
    for (const [position, part] of (Array.isArray(delta.tool_calls) ? delta.tool_calls : []).entries()) {
      if (isLoose(part)) yield* this.#addCallPart(part, part.index ?? position);
    }
  }

  *#addCallPart(part: Loose, index: unknown): Generator<ChatUpdate> {
    const details = isLoose(part.function) ? part.function : {};
    const call = this.#callFor(index, textOrNothing(part.id));
    call.name ||= textOrNothing(details.name) ?? '';
    const written = details.arguments ?? '';
    const delta = typeof written === 'string' ? written : JSON.stringify(written);
    call.arguments += delta;
    if (call.name === '') return;
    const untold = call.isTold ? delta : call.arguments;
    if (!call.isTold) yield { type: 'functionCall', callId: call.id, name: call.name };
    call.isTold = true;
    if (untold !== '') yield { type: 'functionArguments', callId: call.id, delta: untold };
  }

  /** Some servers give every call the index 0, and some give no ids: a new id is a new call. */
  #callFor(index: unknown, id: string | undefined): StreamedCall {
    const known = this.#callAt.get(index);
    if (known !== undefined && (id === undefined || id === known.id)) return known;
    const call = { id: id ?? `call_${this.#calls.length}`, name: '', arguments: '', isTold: false };
    this.#calls.push(call);
    this.#callAt.set(index, call);
    return call;
  }
}
