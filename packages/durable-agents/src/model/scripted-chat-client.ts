import { setTimeout } from 'node:timers/promises';
import type { Usage } from '../agent/content.ts';
import type { FinishReason } from '../agent/response.ts';
import { ModelError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ChatCallContext, ChatClient, ChatRequest, ChatResponse, ChatUpdate } from './chat-client.ts';
import { updatesOf } from './updates-of.ts';

export interface ScriptedToolCall {
  name: string;
  /** A string stands for arguments that are no JSON object. Default: `{}`. */
  arguments?: JsonObject | string | undefined;
  /** Default: `call_1`, `call_2`, … over the whole script. */
  id?: string | undefined;
}

/** An update that a scripted stream writes. The response, which comes last, is made of the answer. */
export type ScriptedUpdate = Exclude<ChatUpdate, { type: 'response' }>;

interface ScriptedStream {
  /** Milliseconds before the answer or failure, or before the first update of its stream. Default: 0. */
  delayMs?: number | undefined;
  /** Milliseconds before each further update, and before the end of the stream. Default: 0. */
  updateDelayMs?: number | undefined;
}

export interface ScriptedAnswer extends ScriptedStream {
  text?: string | undefined;
  reasoning?: string | undefined;
  toolCalls?: readonly ScriptedToolCall[] | undefined;
  finishReason?: FinishReason | undefined;
  usage?: Usage | undefined;
  /** What a stream of this answer writes. Default: its reasoning, text (word by word) and tool calls. */
  updates?: readonly ScriptedUpdate[] | undefined;
}

export interface ScriptedFailure extends ScriptedStream {
  error: ModelError;
  /** What a stream writes before it fails. Default: nothing. */
  updates?: readonly ScriptedUpdate[] | undefined;
}

/** One answer of a scripted model. A function gets the request and gives the step. */
export type ScriptedStep =
  | string
  | ScriptedAnswer
  | ScriptedFailure
  | ((request: ChatRequest) => ScriptedStep | Promise<ScriptedStep>);

/** A model for tests: answers by script, records every request, and fails when it is called more often than scripted. */
export class ScriptedChatClient implements ChatClient {
  readonly provider = 'scripted';
  readonly modelId = 'scripted';
  readonly simulated = true;
  /** Every request so far, as it was when it came. */
  readonly requests: ChatRequest[] = [];
  readonly #steps: readonly ScriptedStep[];
  #toolCalls = 0;

  constructor(steps: readonly ScriptedStep[]) {
    this.#steps = [...steps];
  }

  /** Steps that no request has used yet. */
  get remaining(): number {
    return Math.max(0, this.#steps.length - this.requests.length);
  }

  async complete(request: ChatRequest, { signal }: ChatCallContext): Promise<ChatResponse> {
    const step = await this.#nextStep(request);
    await delay(step.delayMs, signal);
    if ('error' in step) throw step.error;
    return this.#answer(step);
  }

  async *stream(request: ChatRequest, { signal }: ChatCallContext): AsyncGenerator<ChatUpdate, void> {
    const step = await this.#nextStep(request);
    await delay(step.delayMs, signal);
    const response = 'error' in step ? undefined : this.#answer(step);
    const updates = step.updates ?? (response ? [...updatesOf(response)].slice(0, -1) : []);
    for (const [index, update] of updates.entries()) {
      if (index > 0) await delay(step.updateDelayMs, signal);
      yield update;
    }
    if (updates.length > 0) await delay(step.updateDelayMs, signal);
    if ('error' in step) throw step.error;
    yield { type: 'response', response: response as ChatResponse };
  }

  async #nextStep(request: ChatRequest): Promise<ScriptedAnswer | ScriptedFailure> {
    let step = this.#steps[this.requests.length];
    this.requests.push(structuredClone(request));
    if (step === undefined) {
      const message = `The scripted model has ${this.#steps.length} steps and was called ${this.requests.length} times.`;
      throw new ModelError('scriptExhausted', message, { fix: 'Add a step, or find out why there is one call more.' });
    }
    while (typeof step === 'function') step = await step(request);
    return typeof step === 'string' ? { text: step } : step;
  }

  #answer({ text, reasoning, toolCalls = [], finishReason, usage }: ScriptedAnswer): ChatResponse {
    const calls = toolCalls.map(({ name, arguments: args = {}, id }) => ({
      type: 'functionCall' as const,
      callId: id ?? `call_${++this.#toolCalls}`,
      name,
      arguments: args,
    }));
    const thoughts = reasoning === undefined ? [] : [{ type: 'reasoning' as const, text: reasoning }];
    const texts = text === undefined ? [] : [{ type: 'text' as const, text }];
    return {
      messages: [{ role: 'assistant', contents: [...thoughts, ...texts, ...calls] }],
      finishReason: finishReason ?? (calls.length > 0 ? 'toolCalls' : 'stop'),
      ...(usage && { usage }),
      modelId: this.modelId,
    };
  }
}

/** A model that gives the steps as its answers, one a call. */
export function scriptedModel(steps: readonly ScriptedStep[]): ScriptedChatClient {
  return new ScriptedChatClient(steps);
}

async function delay(ms: number | undefined, signal: AbortSignal): Promise<void> {
  if (!ms) return;
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (cause) {
    // Only an abort ends the wait early.
    throw new ModelError('modelAborted', 'The model call was stopped.', { cause });
  }
}
