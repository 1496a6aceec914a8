import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Content } from '../../src/agent/content.ts';
import type { ChatMessage } from '../../src/agent/message.ts';
import type { JsonValue } from '../../src/json.ts';
import { readContent, storeContent } from '../../src/state/content-codec.ts';
import { readMessage, storeMessage } from '../../src/state/message-codec.ts';
import { schemaProblems } from './schema-1-1.ts';

const json = fc.jsonValue() as fc.Arbitrary<JsonValue>;
const object = fc.dictionary(fc.string(), json, { maxKeys: 3 });

/** A content of one type: required fields, and any of the optional ones. */
function content(
  type: Content['type'],
  required: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>> = {},
) {
  return fc.record(
    { type: fc.constant(type), ...required, ...optional, extensionData: json },
    { requiredKeys: ['type', ...Object.keys(required)] as never },
  ) as unknown as fc.Arbitrary<Content>;
}

const anyContent = fc.oneof(
  content('text', { text: fc.string() }),
  content('reasoning', {}, { text: fc.string() }),
  content('data', { uri: fc.webUrl() }, { mediaType: fc.string() }),
  content('uri', { uri: fc.webUrl() }, { mediaType: fc.string() }),
  content('functionCall', { callId: fc.string(), name: fc.string() }, { arguments: fc.oneof(fc.string(), object) }),
  content('functionResult', { callId: fc.string() }, { result: json }),
  content(
    'error',
    {},
    { message: fc.string(), errorCode: fc.string(), details: json.filter((value) => value !== null) },
  ),
  content('hostedFile', { fileId: fc.string() }),
  content('hostedVectorStore', { vectorStoreId: fc.string() }),
  content('usage', {
    usage: fc.record({ inputTokenCount: fc.nat(), totalTokenCount: fc.nat() }, { requiredKeys: [] }),
  }),
  content('unknown', { content: json }),
);

/** Through text, as storage does it. */
function stored<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

describe('contents', () => {
  it('come back from storage as they were', () => {
    fc.assert(
      fc.property(anyContent, (original) => {
        assert.deepEqual(readContent(stored(storeContent(original))), stored(original));
      }),
      { numRuns: 500 },
    );
  });

  it('are stored as schema 1.1 has them', () => {
    fc.assert(
      fc.property(anyContent, (original) => {
        const document = {
          schemaVersion: '1.1.0',
          data: { conversationHistory: [{ messages: [{ role: 'user', contents: [storeContent(original)] }] }] },
        };
        assert.deepEqual(schemaProblems(stored(document)), []);
      }),
      { numRuns: 500 },
    );
  });

  it('a kind that is not known comes back whole, as unknown', () => {
    const hologram = { $type: 'hologram', depth: 3 };
    assert.deepEqual(readContent(hologram), { type: 'unknown', content: hologram });
  });

  it('nulls of absent fields are absent, but null is a result', () => {
    assert.deepEqual(readContent({ $type: 'error', message: 'x', errorCode: null, details: null }), {
      type: 'error',
      message: 'x',
    });
    assert.deepEqual(readContent({ $type: 'functionResult', callId: 'c', result: null }), {
      type: 'functionResult',
      callId: 'c',
      result: null,
    });
  });

  it('metadata of others under our name does not turn into fields', () => {
    const foreign = {
      $type: 'text',
      text: 'x',
      extensionData: { 'durable-agents': { arguments: 'y', noMediaType: true } },
    };
    assert.deepEqual(readContent(foreign), { type: 'text', text: 'x', extensionData: foreign.extensionData });
  });
});

describe('messages', () => {
  const messages: ChatMessage[] = [
    { role: 'user', contents: [{ type: 'text', text: 'Hi' }] },
    {
      role: 'assistant',
      contents: [],
      authorName: 'A',
      createdAt: '2026-01-01T00:00:00Z',
      messageId: 'm',
      extensionData: { a: 1 },
    },
    { role: 'developer', contents: [{ type: 'text', text: 'Be brief.' }], extensionData: { a: 1 } },
    { role: 'developer', contents: [] },
  ];
  for (const message of messages) {
    it(`a ${message.role} message with ${Object.keys(message).length} fields comes back as it was`, () => {
      assert.deepEqual(readMessage(stored(storeMessage(message))), message);
    });
  }

  it('a role that no model knows gives no message', () => {
    assert.equal(readMessage({ role: 'oracle', contents: [] }), undefined);
  });
});
