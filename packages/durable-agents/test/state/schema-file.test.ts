import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Validator } from '@cfworker/json-schema';
import { emptyState, type StateDocument } from '../../src/state/entity-state.ts';
import { withOwnData } from '../../src/state/own-data.ts';
import { withReceipts } from '../../src/state/receipts.ts';
import { expireResults, recordTurn } from '../../src/state/record-turn.ts';
import { resetState } from '../../src/state/reset-state.ts';
import { endedAt, ending, failed, request, withExchange } from './turns.ts';

const file = new URL('../../src/state/session-state.schema.json', import.meta.url);
const validator = new Validator(JSON.parse(readFileSync(file, 'utf8')), '2020-12');

function isValid(document: unknown): boolean {
  return validator.validate(JSON.parse(JSON.stringify(document))).valid;
}

const later = new Date(Date.parse(endedAt) + 3_600_000);

/** One of each thing that is written. */
function written(version: '1.1.0' | '2.0.0'): StateDocument {
  const other = { ...request, correlationId: 'other', responseFormat: { type: 'object' }, orchestrationId: 'o' };
  let state = recordTurn(recordTurn(emptyState(version), request, ending), other, failed);
  state = withExchange(expireResults(state, later), 'last', 'q', 'a');
  const at = later.toISOString();
  return withOwnData(state, {
    turns: {
      active: { correlationId: 'a', instanceId: 'i', startedAt: at, request: {}, approvals: [{ callId: 'c' }] },
      queue: [{ correlationId: 'b', request: {}, enqueuedAt: at }],
    },
    expiryCheck: { instanceId: 'x', dueAt: at },
    history: { providerKey: 'redis', turns: 3 },
  });
}

describe('the schema file', () => {
  for (const version of ['1.1.0', '2.0.0'] as const) {
    it(`describes what is written as ${version}`, () => {
      const state = written(version);
      for (const document of [emptyState(version), state, resetState(state, later)]) {
        const { valid, errors } = validator.validate(JSON.parse(JSON.stringify(document)));
        assert.ok(valid, JSON.stringify(errors));
      }
    });
  }

  it('describes the receipts of turns that have gone', () => {
    const completedAt = later.toISOString();
    assert.ok(isValid(withReceipts(emptyState(), [{ correlationId: 'a', outcome: 'failed', completedAt }])));
  });

  const wrong: [string, object][] = [
    ['another version', { ...emptyState(), schemaVersion: '1.2.0' }],
    ['results in a document of schema 1', { schemaVersion: '1.1.0', data: emptyState('2.0.0').data }],
    ['no receipts in a document of schema 2', { ...emptyState(), schemaVersion: '2.0.0' }],
    [
      'an entry without a time',
      { ...emptyState(), data: { conversationHistory: [{ $type: 'request', messages: [] }] } },
    ],
    [
      'a compaction in a document of schema 1',
      { ...emptyState(), data: { conversationHistory: [{ $type: 'compaction', createdAt: endedAt, messages: [] }] } },
    ],
    [
      'a waiting turn without its request',
      withOwnData(emptyState(), { turns: { queue: [{ correlationId: 'a', enqueuedAt: endedAt }] } }),
    ],
    ['receipts in another form', withOwnData(emptyState(), { receipts: ['a'] })],
  ];
  for (const [what, document] of wrong) {
    it(`does not allow ${what}`, () => {
      assert.ok(!isValid(document));
    });
  }
});
