import { setTimeout } from 'node:timers/promises';
import { DurableAgentError, ModelError } from '../errors.ts';
import type { ChatRequest, ChatResponse, ChatUpdate } from '../model/chat-client.ts';
import { collectUpdates } from '../model/collect-updates.ts';
import type { Agent } from './agent.ts';
import { describeError } from './describe-error.ts';
import type { ModelOutcome } from './effects.ts';
import { type CallEnd, type GatePass, gateOf, longestClosingMs, type ModelGate } from './model-gate.ts';
import type { RunContext } from './run-context.ts';
import { withDeadline } from './with-deadline.ts';

type ModelAgent = Pick<Agent, 'name' | 'model' | 'modelTimeoutMs' | 'maxModelRetries'> & {
  /** Default: {@link defaultRetryBudgetMs}. */
  readonly modelRetryBudgetMs?: number | undefined;
};

/**
 * Told of every update of an answer that is being written, the whole response last. `attempt` counts the calls of the
 * model from 1: what came with a smaller number belongs to a call that failed, and is void.
 */
export type OnModelUpdate = (update: ChatUpdate, attempt: number) => void;

export interface ModelCallContext extends RunContext {
  /** Given, the model is asked for a stream if it can. What it throws or rejects is logged and changes nothing. */
  readonly onUpdate?: OnModelUpdate | undefined;
}

/** A provider that asks for a longer wait than this, in milliseconds, fails the run instead of holding it. */
export const maxRetryDelayMs = longestClosingMs;

/** No call is repeated later than this, in milliseconds, after the first one began. */
export const defaultRetryBudgetMs = 60_000;

/** Waits, or rejects when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * Calls the agent's model, with the one retry policy there is: errors marked retryable, except time-outs, are tried
 * again up to `maxModelRetries` times, after the wait the provider asked for or 150 ms, 300 ms, 600 ms, … plus up to
 * 25%: with the default of 2 a caller hears of a broken model within a second. A wait that is longer than
 * {@link maxRetryDelayMs} or would end after the retry budget fails the call at once. Never rejects.
 *
 * Calls of the same model share a gate that holds them back while the server limits their rate. A refusal is no failed
 * try while others get an answer: who waits in line goes on waiting, inside the budget.
 */
export async function callModel(
  agent: ModelAgent,
  request: ChatRequest,
  context: ModelCallContext,
  sleep: Sleep = sleepFor,
): Promise<ModelOutcome> {
  const since = performance.now();
  const { modelRetryBudgetMs: budgetMs = defaultRetryBudgetMs, maxModelRetries } = agent;
  const leftMs = () => since + budgetMs - performance.now();
  const gate = gateOf(agent.model);
  let waitedOut: number | undefined;
  let failedTries = 0;
  let answers = gate.answers;
  let last: ModelOutcome | undefined;
  for (let attempt = 1; ; attempt++) {
    const pass = await enter(gate, { since, timeoutMs: Math.max(0, leftMs()), signal: context.signal, waitedOut });
    if (pass === 'aborted') return { ok: false, error: aborted() };
    if (pass === undefined) return last ?? { ok: false, error: heldBack(performance.now() - since) };
    const outcome = await callOnce(agent, request, context, attempt);
    pass.leave(callEnd(outcome));
    if (outcome.ok) return outcome;
    last = outcome;
    waitedOut = gate.closedUntil;
    const isInLine = maxModelRetries > 0 && isRateLimit(outcome.error) && gate.answers > answers;
    answers = gate.answers;
    if (!isInLine) failedTries++;
    const wait = failedTries <= maxModelRetries ? retryDelayMs(outcome.error, Math.max(failedTries, 1)) : undefined;
    const delayMs = wait !== undefined && wait <= leftMs() ? wait : undefined;
    // Not the provider's words: they may quote what the user said. Callers get them with the answer.
    const { code, fix } = outcome.error;
    const facts = { agent: agent.name, provider: agent.model.provider, code, ...(fix !== undefined && { fix }) };
    if (delayMs === undefined) {
      context.log.error('Model call failed.', facts);
      return outcome;
    }
    context.log.warn('Model call failed and will be repeated.', { ...facts, delayMs, inLine: gate.waiting });
    try {
      await sleep(delayMs, context.signal);
    } catch {
      // Only an abort ends the wait early.
      return { ok: false, error: aborted() };
    }
  }
}

async function enter(
  gate: ModelGate,
  entry: Parameters<ModelGate['enter']>[0],
): Promise<GatePass | 'aborted' | undefined> {
  try {
    return await gate.enter(entry);
  } catch {
    // Only an abort makes it reject.
    return 'aborted';
  }
}

function callEnd(outcome: ModelOutcome): CallEnd {
  if (outcome.ok) return 'answered';
  const { retryAfterMs } = outcome.error as Partial<ModelError>;
  return isRateLimit(outcome.error) ? { refused: { retryAfterMs } } : 'other';
}

function isRateLimit(error: DurableAgentError): boolean {
  const { code, retryable } = error as Partial<ModelError>;
  return code === 'modelRateLimited' && retryable === true;
}

function heldBack(waitedMs: number): ModelError {
  const message = `The model server limits the rate of requests; this call waited ${Math.round(waitedMs)} ms in line.`;
  const fix = "Raise the quota of the model, or the agent's modelRetryBudgetMs to wait longer.";
  return new ModelError('modelRateLimited', message, { fix, retryable: true });
}

async function callOnce(
  agent: ModelAgent,
  request: ChatRequest,
  context: ModelCallContext,
  attempt: number,
): Promise<ModelOutcome> {
  const { model, modelTimeoutMs } = agent;
  const outcome = await withDeadline(context.signal, modelTimeoutMs, (signal) =>
    context.onUpdate === undefined
      ? model.complete(request, { signal })
      : streamedAnswer(agent, request, signal, safeReporter(agent, context, context.onUpdate, attempt, signal)),
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

async function streamedAnswer(
  { model }: ModelAgent,
  request: ChatRequest,
  signal: AbortSignal,
  report: (update: ChatUpdate) => void,
): Promise<ChatResponse> {
  if (model.stream !== undefined) return collectUpdates(model.stream(request, { signal }), report);
  const response = await model.complete(request, { signal });
  report({ type: 'response', response });
  return response;
}

/** A listener's failure must not cost an answer that is being paid for. Logged once an attempt. */
function safeReporter(
  agent: ModelAgent,
  { log }: RunContext,
  onUpdate: OnModelUpdate,
  attempt: number,
  signal: AbortSignal,
): (update: ChatUpdate) => void {
  let isLogged = false;
  const failed = (error: unknown) => {
    if (!isLogged) log.warn('onUpdate failed.', { agent: agent.name, error: describeError(error, 500) });
    isLogged = true;
  };
  return (update) => {
    // After the deadline the call has ended for everybody else.
    if (signal.aborted) return;
    try {
      const result: unknown = onUpdate(update, attempt);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** How long to wait before the next try; undefined if there must be none. */
function retryDelayMs(error: DurableAgentError, attempt: number): number | undefined {
  // Read as fields, not by class: the client may come with another copy of this package.
  const { code, retryable, retryAfterMs } = error as Partial<ModelError>;
  if (!retryable || code === 'modelTimeout' || code === 'modelAborted') return undefined;
  const base = retryAfterMs ?? 150 * 2 ** Math.min(attempt - 1, 5);
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
