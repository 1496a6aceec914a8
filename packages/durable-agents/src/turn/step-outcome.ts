import type { ModelOutcome, RunOutcome } from '../agent/effects.ts';
import type { ToolFacts } from '../agent/run-loop.ts';
import { ToolSourceError } from '../agent/tool-source.ts';
import { AgentRunError, DurableAgentError, ModelError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { ChatResponse } from '../model/chat-client.ts';
import { type AgentFailure, failureOf } from '../state/answer.ts';
import { withoutUndefined } from '../state/content-codec.ts';
import { isObject } from '../state/stored-fields.ts';

/* Outcomes of steps as JSON: they travel through the history of the turn's orchestration. */

export function writeModelOutcome(outcome: ModelOutcome): JsonObject {
  if (!outcome.ok) return { ok: false, error: writeError(outcome.error) };
  return { ok: true, value: JSON.parse(JSON.stringify(outcome.value)) as JsonObject };
}

export function readModelOutcome(stored: JsonValue | undefined): ModelOutcome {
  if (!isObject(stored)) return { ok: false, error: new ModelError('modelFailed', 'The model step left no result.') };
  if (stored.ok === true) return { ok: true, value: stored.value as unknown as ChatResponse };
  return { ok: false, error: readError(stored.error) };
}

export function writeRunOutcome(outcome: RunOutcome): JsonObject {
  if (outcome.status === 'completed') return JSON.parse(JSON.stringify(outcome)) as JsonObject;
  const { messages, usage } = outcome;
  const plain = withoutUndefined({ status: 'failed', messages, usage });
  return { ...(JSON.parse(JSON.stringify(plain)) as JsonObject), error: writeError(outcome.error) };
}

export function readRunOutcome(stored: JsonValue | undefined): RunOutcome {
  if (isObject(stored) && stored.status === 'completed') return stored as unknown as RunOutcome;
  const { error, messages = [], usage } = (isObject(stored) ? stored : {}) as JsonObject;
  return {
    status: 'failed',
    error: readError(error),
    messages: messages as never,
    ...(usage !== undefined && { usage: usage as never }),
  };
}

/** The tools of a run as its loop knows them, or why they cannot be had. */
export function writeToolList(tools: readonly ToolFacts[] | DurableAgentError): JsonObject {
  if (DurableAgentError.is(tools)) return { ok: false, error: writeError(tools) };
  return { ok: true, tools: tools as unknown as JsonValue };
}

/** @throws DurableAgentError if they cannot be had */
export function readToolList(stored: JsonValue | undefined): readonly ToolFacts[] {
  if (isObject(stored) && stored.ok === true) return stored.tools as unknown as ToolFacts[];
  throw readError(isObject(stored) ? stored.error : undefined);
}

function writeError(error: DurableAgentError): JsonObject {
  return withoutUndefined({ ...failureOf(error), name: error.name, fix: error.fix });
}

function readError(stored: unknown): DurableAgentError {
  const fields = (isObject(stored) ? stored : {}) as Partial<AgentFailure> & { name?: string; fix?: string };
  const { code = 'internalError', message = 'The turn failed and left no reason.', name, fix, details } = fields;
  const options = { ...(fix !== undefined && { fix }), ...(details !== undefined && { details }) };
  if (name === 'ModelError') {
    const { retryable = false, retryAfterMs } = fields;
    return new ModelError(code, message, {
      ...options,
      retryable,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
  if (name === 'ToolSourceError') return new ToolSourceError(message, options);
  return name === 'AgentRunError'
    ? new AgentRunError(code, message, options)
    : new DurableAgentError(code, message, options);
}
