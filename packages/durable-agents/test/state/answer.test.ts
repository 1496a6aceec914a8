import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentResponse } from '../../src/agent/response.ts';
import { ModelError } from '../../src/errors.ts';
import { failureOf, findAnswer } from '../../src/state/answer.ts';
import { parseState } from '../../src/state/codec.ts';
import { appendEntries, emptyState, type StoredEntry } from '../../src/state/entity-state.ts';
import { failureEntry, requestEntry, responseEntry } from '../../src/state/turn-entries.ts';
import { foreignDocument, withHistory } from './documents.ts';
import { schemaProblems } from './schema-1-1.ts';

const facts = { correlationId: 'turn', createdAt: '2026-01-01T00:00:00.000Z' };

/** A document with these entries, through text as storage does it. */
function stored(...entries: StoredEntry[]) {
  return parseState(JSON.stringify(appendEntries(emptyState(), entries)));
}

const full: AgentResponse = {
  text: 'Done.',
  messages: [
    { role: 'assistant', contents: [{ type: 'functionCall', callId: 'c', name: 'f', arguments: '{"bro' }] },
    { role: 'tool', contents: [{ type: 'functionResult', callId: 'c', result: null }] },
    { role: 'assistant', contents: [{ type: 'text', text: 'Done.' }], authorName: 'A' },
  ],
  usage: { inputTokenCount: 3, outputTokenCount: 4, totalTokenCount: 7 },
  finishReason: 'stop',
  value: null,
  agentId: 'A',
  responseId: 'r',
  createdAt: facts.createdAt,
  metadata: { provider: 'offline', simulated: true },
};

describe('findAnswer', () => {
  it('gives a stored response back with everything it had', () => {
    assert.deepEqual(findAnswer(stored(responseEntry(full, facts)), 'turn'), { status: 'completed', response: full });
  });

  for (const value of [null, false, 0, '', [], {}]) {
    it(`${JSON.stringify(value)} is a value`, () => {
      const answer = findAnswer(stored(responseEntry({ ...full, value }, facts)), 'turn');
      assert.deepEqual(answer?.status === 'completed' && answer.response.value, value);
    });
  }

  it('no value stays no value', () => {
    const { value: _, ...without } = full;
    const answer = findAnswer(stored(responseEntry(without, facts)), 'turn');
    assert.ok(answer?.status === 'completed' && !('value' in answer.response));
  });

  it('gives a stored failure back with all its facts', () => {
    const error = new ModelError('modelRateLimited', 'Slow down.', {
      retryable: true,
      retryAfterMs: 3000,
      details: { a: 1 },
    });
    const failure = failureOf(error);
    const state = stored(failureEntry({ ...facts, failure, messages: [], authorName: 'A' }));
    assert.deepEqual(findAnswer(state, 'turn'), {
      status: 'failed',
      error: {
        code: 'modelRateLimited',
        message: 'Slow down.',
        details: { a: 1 },
        retryable: true,
        retryAfterMs: 3000,
      },
    });
  });

  it('reads the failures that other runtimes record', () => {
    assert.deepEqual(findAnswer(parseState(foreignDocument()), 'turn-2'), {
      status: 'failed',
      error: { code: 'RateLimitError', message: 'Answered 429.' },
    });
  });

  it('finds nothing for a turn that was asked and not answered', () => {
    const state = stored(requestEntry({ ...facts, messages: [] }));
    assert.equal(findAnswer(state, 'turn'), undefined);
    assert.equal(findAnswer(parseState(withHistory([])), 'turn'), undefined);
  });

  it('our entries are valid in schema 1.1 and hold no null for what is absent', () => {
    const request = requestEntry({
      ...facts,
      messages: [{ role: 'developer', contents: [{ type: 'uri', uri: 'x:y' }] }],
      responseFormat: { type: 'object' },
    });
    const failed = failureEntry({
      ...facts,
      failure: { code: 'c', message: 'm' },
      messages: full.messages,
      authorName: 'A',
    });
    const { value: _, ...withoutValue } = full;
    const document = stored(request, responseEntry(withoutValue, facts), failed);
    assert.deepEqual(schemaProblems(document), []);
    // The one null is the tool's result.
    assert.equal(JSON.stringify(document).split('null').length - 1, 2);
  });
});
