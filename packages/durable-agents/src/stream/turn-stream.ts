import { boundResult } from '../agent/bound-result.ts';
import type { RunOutcome, ToolCallRequest } from '../agent/effects.ts';
import type { JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type { ChatUpdate } from '../model/chat-client.ts';
import { redact } from '../redact.ts';
import { BatchWriter } from './batch-writer.ts';
import { ModelCallEvents } from './model-call-events.ts';
import { type AgentStreamHandler, HandlerCalls } from './stream-handler.ts';
import type { StreamStore, TurnKey } from './stream-store.ts';
import type { TurnEvent, TurnEventBody } from './turn-event.ts';

export interface TurnStreamOptions {
  key: TurnKey;
  agentName: string;
  /** Where readers find the events. Absent: nobody can read, only the handler hears. */
  store?: StreamStore | undefined;
  handler?: AgentStreamHandler | undefined;
  /** Text of the message that the turn answers, for the handler. */
  requestText?: string | undefined;
  /**
   * The part of the turn that is written here: `turn` for all of it (the default), `model-{n}`, `tool-{n}-{index}`, or
   * any other name, such as `start` and `end`. A part that is written again voids what it wrote before.
   */
  step?: string | undefined;
  log: Logger;
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined;
  /** How long {@link TurnStream.flush} waits at most, in milliseconds. Default: 2,000. */
  flushTimeoutMs?: number | undefined;
}

interface Item {
  step: string;
  body: TurnEventBody;
  at: number;
}

/** Longest arguments or result of a tool in an event, in bytes of JSON. The session has them whole. */
const maxToolBytes = 4_096;

/**
 * What a driver tells while it works on a turn, or on a step of one. No method throws, and none waits for the store,
 * for readers or for the handler, except `flush` and `done`, which wait for a limited time.
 */
export class TurnStream {
  readonly #options: TurnStreamOptions;
  readonly #step: string;
  readonly #writer: BatchWriter<Item> | undefined;
  readonly #handler: HandlerCalls | undefined;
  readonly #attempts = new Map<string, number>();
  #modelCall: ModelCallEvents;
  #sequence = 0;
  readonly #stamped = new WeakMap<Item, TurnEvent>();
  /** Tells that this part of the turn has been begun before; goes out with the first event. */
  #opening: TurnEvent | undefined;

  constructor(options: TurnStreamOptions) {
    const { key, agentName, store, handler, requestText = '', step = 'turn', log } = options;
    this.#options = options;
    this.#step = step;
    this.#modelCall = new ModelCallEvents(step.startsWith('model-') ? step : 'model-1');
    if (store !== undefined) {
      const name = `The stream of turn ${key.correlationId}`;
      this.#writer = new BatchWriter({ write: (items) => this.#write(store, items), name, log });
    }
    if (handler !== undefined) {
      this.#handler = new HandlerCalls(handler, { agentName, ...key, requestText }, log);
    }
  }

  started(facts: { simulated: boolean }): void {
    const { key, agentName: agent } = this.#options;
    this.#push(this.#step, { type: 'turnStarted', agent, ...key, ...facts });
  }

  /**
   * Every update of the model's stream; of a model that does not stream, only the last one, `response`. `attempt` counts
   * the tries of this model call from 1.
   */
  onModelUpdate(update: ChatUpdate, attempt = 1): void {
    this.#handler?.update(update, attempt);
    const call = this.#modelCall;
    for (const body of call.take(update, attempt)) this.#push(call.step, body);
    if (update.type === 'response') this.#modelCall = call.following();
  }

  onToolCall(call: ToolCallRequest): void {
    const { callId, name } = call;
    const args = boundResult(call.arguments ?? {}, maxToolBytes);
    this.#push(toolStep(call), { type: 'toolCallStarted', callId, name, arguments: args });
  }

  onToolProgress(call: ToolCallRequest, data: JsonValue): void {
    const { callId, name } = call;
    this.#push(toolStep(call), { type: 'toolProgress', callId, name, data: boundResult(data, maxToolBytes) });
  }

  onToolResult(call: ToolCallRequest, result: JsonValue): void {
    const { callId, name } = call;
    this.#push(toolStep(call), { type: 'toolResult', callId, name, result: boundResult(result, maxToolBytes) });
  }

  onApprovalRequested(call: ToolCallRequest): void {
    const { callId, name } = call;
    const args = boundResult(call.arguments ?? {}, maxToolBytes);
    this.#push(this.#step, { type: 'approvalRequested', callId, name, arguments: args });
  }

  /** Any other event of the turn. */
  onEvent(body: TurnEventBody, step = this.#step): void {
    this.#push(step, body);
  }

  /** The end of the turn, which must be on disk. Resolves when readers can see it, or after `flushTimeoutMs`. */
  async done(outcome: RunOutcome): Promise<void> {
    if (outcome.status === 'completed') {
      const { text, value, finishReason, usage } = outcome.response;
      const facts = { ...(value !== undefined && { value }), ...(finishReason && { finishReason }) };
      this.#push(this.#step, { type: 'done', outcome: 'completed', text, ...facts, ...(usage && { usage }) });
      this.#handler?.response(outcome.response);
    } else {
      const { error, usage } = outcome;
      // As in the record of the turn: providers quote keys and addresses in their errors.
      const failure = { code: error.code, message: redact(error.message) };
      this.#push(this.#step, { type: 'done', outcome: 'failed', error: failure, ...(usage && { usage }) });
    }
    await this.flush();
  }

  /** Resolves when all events so far are with the store and all calls of the handler have ended, or after a time. */
  async flush(): Promise<void> {
    const { flushTimeoutMs = 2_000 } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, flushTimeoutMs);
    await Promise.all([this.#writer?.flush(flushTimeoutMs), Promise.race([this.#handler?.settled(), promise])]);
    clearTimeout(timer);
  }

  #push(step: string, body: TurnEventBody): void {
    this.#writer?.add({ step, body, at: (this.#options.now ?? Date.now)() });
  }

  async #write(store: StreamStore, items: readonly Item[]): Promise<void> {
    const { key } = this.#options;
    if (this.#attempts.size === 0) {
      const { attempt, again } = await store.beginAttempt(key, this.#step);
      this.#attempts.set(this.#step, attempt);
      if (again) this.#opening = this.#stamp({ type: 'attempt' }, this.#step, items[0]?.at ?? 0);
    }
    const events = this.#opening === undefined ? [] : [this.#opening];
    for (const item of items) events.push(await this.#stampOnce(store, item));
    await store.append(key, events);
    this.#opening = undefined;
  }

  /** A write that is tried again writes the same events, so that readers can tell. */
  async #stampOnce(store: StreamStore, item: Item): Promise<TurnEvent> {
    const known = this.#stamped.get(item);
    if (known !== undefined) return known;
    if (item.body.type === 'attempt') {
      const { attempt } = await store.beginAttempt(this.#options.key, item.step);
      this.#attempts.set(item.step, attempt);
    }
    const event = this.#stamp(item.body, item.step, item.at);
    this.#stamped.set(item, event);
    return event;
  }

  #stamp(body: TurnEventBody, step: string, at: number): TurnEvent {
    const attempt = this.#attempts.get(step) ?? this.#attempts.get(this.#step) ?? 0;
    this.#sequence++;
    return { ...body, step, attempt, sequence: this.#sequence, at };
  }
}

/** The step of a tool call: its place in the run. */
export function toolStep({ iteration, index }: Pick<ToolCallRequest, 'iteration' | 'index'>): string {
  return `tool-${iteration}-${index}`;
}
