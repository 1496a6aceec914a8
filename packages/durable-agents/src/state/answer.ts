import type { ErrorContent } from '../agent/content.ts';
import type { AgentResponse } from '../agent/response.ts';
import type { DurableAgentError, ModelError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { redact } from '../redact.ts';
import { withoutUndefined } from './content-codec.ts';
import { extensionKey, historyOf, type StateDocument, type StoredEntry } from './entity-state.ts';
import { readMessages } from './message-codec.ts';
import { findReceipt } from './receipts.ts';
import { readResponse } from './response-codec.ts';
import { invalidState } from './state-checks.ts';
import { isObject } from './stored-fields.ts';
import { completionReceipts, hasTerminalRecords, type TerminalResult, terminalResults } from './terminal-records.ts';

/** Why a turn failed; safe to show to the caller. */
export interface AgentFailure {
  /** Stable. */
  code: string;
  message: string;
  details?: JsonValue;
  /** Whether the same request may succeed later. */
  retryable?: boolean;
  /** Milliseconds the provider asked to wait. */
  retryAfterMs?: number;
}

/** How a turn ended. */
export type Answer = { status: 'completed'; response: AgentResponse } | { status: 'failed'; error: AgentFailure };

/** The public part of an error. The advice in its `fix` is for the app's owner and stays in the log. */
export function failureOf(error: DurableAgentError): AgentFailure {
  const { code, message, details, retryable, retryAfterMs } = error as DurableAgentError & Partial<ModelError>;
  return {
    code,
    // Providers quote keys and addresses in their errors.
    message: redact(message),
    ...(details !== undefined && { details }),
    ...(retryable !== undefined && { retryable }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** Code of the answer of a turn that has ended and whose result is no longer kept. `details.outcome` is known. */
export const resultUnavailable = 'resultUnavailable';

/**
 * The recorded outcome of a turn, if it has ended. One whose result is gone has ended all the same and must not be run
 * again: its answer is the failure `resultUnavailable`.
 *
 * @throws StateError `invalidState` if a receipt names a result that is not there.
 */
export function findAnswer(state: StateDocument, correlationId: string): Answer | undefined {
  if (hasTerminalRecords(state)) return findTerminalAnswer(state, correlationId);
  const entry = historyOf(state).findLast(
    (candidate) => candidate.correlationId === correlationId && isAnswer(candidate),
  );
  if (entry !== undefined) return readAnswer(entry);
  const receipt = findReceipt(state, correlationId);
  return receipt && unavailable(receipt.outcome, receipt.completedAt);
}

/** Schema 2: the receipt decides; what is in the history is no evidence. */
function findTerminalAnswer(state: StateDocument, correlationId: string): Answer | undefined {
  const receipts = completionReceipts(state);
  const receipt = Object.hasOwn(receipts, correlationId) ? receipts[correlationId] : undefined;
  if (receipt === undefined) return undefined;
  if (receipt.resultState === 'unavailable') return unavailable(receipt.outcome, receipt.completedAt);
  const results = terminalResults(state);
  const result = Object.hasOwn(results, correlationId) ? results[correlationId] : undefined;
  if (result === undefined) {
    throw invalidState(
      `data.terminalResults[${JSON.stringify(correlationId)}]`,
      'is missing although its receipt says that it is there',
    );
  }
  return readTerminalResult(result);
}

function readTerminalResult({ response, error }: TerminalResult): Answer {
  if (isObject(error)) return { status: 'failed', error: error as unknown as AgentFailure };
  const { metadata } = extraOf(response as StoredEntry);
  return { status: 'completed', response: readResponse(withoutUndefined({ ...response, metadata })) };
}

function unavailable(outcome: string, completedAt: string): Answer {
  const message = 'The turn has ended, but its result is no longer kept.';
  return { status: 'failed', error: { code: resultUnavailable, message, details: { outcome, completedAt } } };
}

/** Whether an entry answers a request. */
export function isAnswer(entry: StoredEntry): boolean {
  return entry.$type === 'response' || entry.$type === 'errorResponse';
}

/** The failure that an answer records; `undefined` for a success. */
export function recordedFailure(entry: StoredEntry): AgentFailure | undefined {
  const error = lastError(entry);
  const marked = isObject(entry.extensionData) && entry.extensionData.isError === true;
  if (error === undefined && !marked && entry.$type !== 'errorResponse') return undefined;
  const { retryable, retryAfterMs } = extraOf(entry);
  return {
    code: error?.errorCode ?? 'agentFailed',
    message: error?.message ?? 'The agent failed and left no message.',
    ...(error?.details !== undefined && { details: error.details }),
    ...(typeof retryable === 'boolean' && { retryable }),
    ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
  };
}

function readAnswer(entry: StoredEntry): Answer {
  const error = recordedFailure(entry);
  if (error !== undefined) return { status: 'failed', error };
  const { messages, usage, createdAt } = entry;
  const { finishReason, value, metadata, responseId, agentId } = extraOf(entry);
  const facts = { messages, usage, createdAt, finishReason, value, metadata, responseId, agentId };
  return { status: 'completed', response: readResponse(withoutUndefined(facts)) };
}

/** The error in the last message: other runtimes record a failure as a reply that is nothing but an error. */
function lastError(entry: StoredEntry): ErrorContent | undefined {
  const contents = readMessages(entry.messages).at(-1)?.contents ?? [];
  return contents.every((content) => content.type === 'error')
    ? (contents.at(-1) as ErrorContent | undefined)
    : undefined;
}

function extraOf(entry: StoredEntry): JsonObject {
  const extra = isObject(entry.extensionData) ? entry.extensionData[extensionKey] : undefined;
  return isObject(extra) ? (extra as JsonObject) : {};
}
