import { setTimeout } from 'node:timers/promises';
import { DurableAgentError, ModelError } from '../errors.ts';
import type { ChatRequest, ChatResponse } from '../model/chat-client.ts';
import type { Agent } from './agent.ts';
import { describeError } from './describe-error.ts';
import type { ModelOutcome } from './effects.ts';
import type { RunContext } from './run-context.ts';
import { withDeadline } from './with-deadline.ts';

type ModelAgent = Pick<Agent, 'name' | 'model' | 'modelTimeoutMs' | 'maxModelRetries'>;

/** A provider that asks for a longer wait than this, in milliseconds, fails the run instead of holding it. */
export const maxRetryDelayMs = 30_000;

/** Waits, or rejects when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * Calls the agent's model, with the one retry policy there is: errors marked retryable, except time-outs, are tried
 * again up to `maxModelRetries` times, after the wait the provider asked for or 150 ms, 300 ms, 600 ms, … plus up to 25%: with the default of 2 a caller hears of a broken model within a second.
 * Never rejects.
 */
export async function callModel(
  agent: ModelAgent,
  request: ChatRequest,
  context: RunContext,
  sleep: Sleep = sleepFor,
): Promise<ModelOutcome> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await callOnce(agent, request, context);
    if (outcome.ok) return outcome;
    const delayMs = attempt < agent.maxModelRetries ? retryDelayMs(outcome.error, attempt) : undefined;
    // Not the provider's words: they may quote what the user said. Callers get them with the answer.
    const { code, fix } = outcome.error;
    const facts = { agent: agent.name, provider: agent.model.provider, code, ...(fix !== undefined && { fix }) };
    if (delayMs === undefined) {
      context.log.error('Model call failed.', facts);
      return outcome;
    }
    context.log.warn('Model call failed and will be repeated.', { ...facts, delayMs });
    try {
      await sleep(delayMs, context.signal);
    } catch {
      // Only an abort ends the wait early.
      return { ok: false, error: aborted() };
    }
  }
}

async function callOnce(agent: ModelAgent, request: ChatRequest, { signal }: RunContext): Promise<ModelOutcome> {
  const { model, modelTimeoutMs } = agent;
  const outcome = await withDeadline(signal, modelTimeoutMs, (callSignal) =>
    model.complete(request, { signal: callSignal }),
  );
  switch (outcome.kind) {
    case 'done':
      return isChatResponse(outcome.value)
        ? { ok: true, value: outcome.value }
        : {
            ok: false,
            error: new ModelError('modelBadResponse', `Model client "${model.provider}" returned no messages.`),
          };
    case 'timeout': {
      const message = `The model gave no answer within ${modelTimeoutMs} ms.`;
      const fix = "Raise the agent's modelTimeoutMs, or use a faster model.";
      return { ok: false, error: new ModelError('modelTimeout', message, { fix, retryable: true }) };
    }
    case 'aborted':
      return { ok: false, error: aborted() };
    case 'failed':
      return { ok: false, error: asModelError(outcome.error, model.provider) };
  }
}

/** How long to wait before the next try; undefined if there must be none. */
function retryDelayMs(error: DurableAgentError, attempt: number): number | undefined {
  // Read as fields, not by class: the client may come with another copy of this package.
  const { code, retryable, retryAfterMs } = error as Partial<ModelError>;
  if (!retryable || code === 'modelTimeout' || code === 'modelAborted') return undefined;
  const base = retryAfterMs ?? 150 * 2 ** attempt;
  if (base > maxRetryDelayMs) return undefined;
  return Math.ceil(base + Math.random() * Math.max(base * 0.25, 100));
}

function asModelError(error: unknown, provider: string): DurableAgentError {
  if (DurableAgentError.is(error)) return error;
  return new ModelError('modelFailed', `Model client "${provider}" failed: ${describeError(error, 500)}`, {
    cause: error,
  });
}

function aborted(): ModelError {
  return new ModelError('modelAborted', 'The run was stopped before the model answered.', { retryable: true });
}

function isChatResponse(value: ChatResponse): boolean {
  return Array.isArray(value?.messages) && value.messages.every((message) => Array.isArray(message?.contents));
}

function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { signal });
}
