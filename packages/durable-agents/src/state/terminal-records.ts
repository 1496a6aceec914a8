import type { JsonObject } from '../json.ts';
import type { StateData, StateDocument } from './entity-state.ts';
import { checkFields, checkMap, checkMessages, invalidState, type Rules } from './state-checks.ts';

/*
 * Schema 2.0 keeps the outcome of a turn apart from the history: a result, which may expire, and a receipt, which
 * stays as long as the session.
 */

export type TerminalOutcome = 'succeeded' | 'failed';

export interface TerminalResult extends JsonObject {
  correlationId: string;
  outcome: TerminalOutcome;
  /** RFC 3339 time. */
  completedAt: string;
  resultExpiresAt?: string | null;
  response: JsonObject;
  /** Present if, and only if, the turn failed. */
  error?: JsonObject | null;
}

export interface CompletionReceipt extends JsonObject {
  correlationId: string;
  outcome: TerminalOutcome;
  completedAt: string;
  resultState: 'available' | 'unavailable';
  resultExpiresAt?: string | null;
  /** Present if, and only if, the result is gone. */
  resultUnavailableAt?: string | null;
}

const text = { kind: 'string' } as const;
const requiredText = { kind: 'string', required: true } as const;

const resultFields: Rules = {
  correlationId: requiredText,
  outcome: requiredText,
  completedAt: requiredText,
  resultExpiresAt: text,
  response: { kind: 'object', required: true },
  error: { kind: 'object' },
};
const responseFields: Rules = {
  usage: { kind: 'usage' },
  createdAt: text,
  responseId: text,
  agentId: text,
  finishReason: text,
  continuationToken: text,
  extensionData: { kind: 'object' },
};
const errorFields: Rules = { code: requiredText, message: requiredText };
const receiptFields: Rules = {
  correlationId: requiredText,
  outcome: requiredText,
  completedAt: requiredText,
  resultState: requiredText,
  resultExpiresAt: text,
  resultUnavailableAt: text,
};

/** Whether a document keeps results and receipts: schema 2. */
export function hasTerminalRecords(state: StateDocument): boolean {
  return state.schemaVersion.startsWith('2.');
}

export function terminalResults(state: StateDocument): Readonly<Record<string, TerminalResult>> {
  return (state.data.terminalResults ?? {}) as Record<string, TerminalResult>;
}

export function completionReceipts(state: StateDocument): Readonly<Record<string, CompletionReceipt>> {
  return (state.data.completionReceipts ?? {}) as Record<string, CompletionReceipt>;
}

/** @throws StateError `invalidState` */
export function checkTerminalRecords(data: Record<string, unknown> | StateData): void {
  if (!Array.isArray(data.conversationHistory)) throw invalidState('data.conversationHistory', 'is missing');
  checkMap(data.terminalResults, 'data.terminalResults', checkResult);
  checkMap(data.completionReceipts, 'data.completionReceipts', checkReceipt);
}

function checkResult(result: Record<string, unknown>, path: string): void {
  checkFields(result, resultFields, path);
  checkOutcome(result, path);
  const response = result.response as Record<string, unknown>;
  checkFields(response, responseFields, `${path}.response`);
  if (!Array.isArray(response.messages)) throw invalidState(`${path}.response.messages`, 'is missing or not an array');
  checkMessages(response.messages, `${path}.response.messages`);
  if (result.outcome === 'failed') {
    checkMap({ error: result.error }, path, (error) => checkFields(error, errorFields, `${path}.error`));
  } else if (result.error !== undefined && result.error !== null) {
    throw invalidState(`${path}.error`, 'is there although the turn succeeded');
  }
}

function checkReceipt(receipt: Record<string, unknown>, path: string): void {
  checkFields(receipt, receiptFields, path);
  checkOutcome(receipt, path);
  const { resultState, resultUnavailableAt } = receipt;
  if (resultState !== 'available' && resultState !== 'unavailable') {
    throw invalidState(`${path}.resultState`, 'is neither "available" nor "unavailable"');
  }
  if ((resultState === 'unavailable') !== (typeof resultUnavailableAt === 'string')) {
    throw invalidState(`${path}.resultUnavailableAt`, 'does not fit the state of the result');
  }
}

/** The record's key must be its own id, or an answer could reach the wrong caller. */
function checkOutcome({ outcome, correlationId }: Record<string, unknown>, path: string): void {
  if (outcome !== 'succeeded' && outcome !== 'failed') {
    throw invalidState(`${path}.outcome`, 'is neither "succeeded" nor "failed"');
  }
  if (!path.endsWith(`[${JSON.stringify(correlationId)}]`)) {
    throw invalidState(`${path}.correlationId`, 'is not the key of its record');
  }
}
