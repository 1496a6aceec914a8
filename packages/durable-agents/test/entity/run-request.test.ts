import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RunRequest, readRunRequest, writeRunRequest } from '../../src/entity/run-request.ts';

const user = (text: string) => ({ role: 'user', contents: [{ type: 'text', text }] });
const stored = (text: string) => ({ role: 'user', contents: [{ $type: 'text', text }] });

/** Only what is set. */
function read(input: unknown): unknown {
  return JSON.parse(JSON.stringify(readRunRequest(input)));
}

describe('a run request', () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } } };
  const accepted: [string, unknown, object][] = [
    [
      'the form of .NET',
      { messages: [stored('Hi')], correlationId: 'c', enableToolCalls: true, enableToolNames: null },
      { enableToolCalls: true },
    ],
    [
      'the form of Python',
      { message: 'Hi', role: 'USER', correlationId: 'c', enable_tool_calls: false, created_at: 'x' },
      { enableToolCalls: false },
    ],
    ['JSON text', '{"message":"Hi","correlationId":"c"}', {}],
    ['both forms: messages win', { message: 'No', messages: [stored('Hi')], correlationId: 'c' }, {}],
    ['a bare schema', { message: 'Hi', correlationId: 'c', responseFormat: schema }, { responseFormat: schema }],
    [
      'the schema form of .NET',
      { message: 'Hi', correlationId: 'c', responseFormat: { $type: 'json', schema } },
      { responseFormat: schema },
    ],
    ['the text form of .NET', { message: 'Hi', correlationId: 'c', responseFormat: { $type: 'text' } }, {}],
    [
      'JSON without a schema',
      { message: 'Hi', correlationId: 'c', request_response_format: 'json' },
      { responseFormat: { type: 'object' } },
    ],
    ['snake case schema', { message: 'Hi', correlationId: 'c', response_format: schema }, { responseFormat: schema }],
    ['a tool subset', { message: 'Hi', correlationId: 'c', enableToolNames: ['a'] }, { enableToolNames: ['a'] }],
  ];
  for (const [name, input, expected] of accepted) {
    it(`is read from ${name}`, () => {
      assert.deepEqual(read(input), { correlationId: 'c', messages: [user('Hi')], ...expected });
    });
  }

  const refused: [string, unknown, RegExp][] = [
    ['nothing', undefined, /must be an object/],
    ['a list', [], /must be an object/],
    ['text that is no JSON', 'Hi', /JSON/],
    ['no correlation id', { message: 'Hi' }, /correlationId/],
    ['a message that is a number', { message: 7, correlationId: 'c' }, /message/],
    ['messages that are a text', { messages: 'Hi', correlationId: 'c' }, /messages/],
    ['a message of an unknown role', { messages: [{ role: 'oracle' }], correlationId: 'c' }, /messages\[0\]\.role/],
    [
      'a content of the wrong shape',
      { messages: [{ role: 'user', contents: [{ $type: 'text' }] }], correlationId: 'c' },
      /contents/,
    ],
    ['a flag that is a text', { message: 'Hi', correlationId: 'c', enableToolCalls: 'yes' }, /enableToolCalls/],
    ['tool names that are numbers', { message: 'Hi', correlationId: 'c', enableToolNames: [1] }, /enableToolNames/],
    [
      'a Python class as schema',
      { message: 'Hi', correlationId: 'c', response_format: { __response_schema_type__: 'pydantic_model' } },
      /Python/,
    ],
    ['a schema that is a text', { message: 'Hi', correlationId: 'c', responseFormat: 'json' }, /responseFormat/],
  ];
  for (const [name, input, message] of refused) {
    it(`is refused with ${name}`, () =>
      assert.throws(() => readRunRequest(input), { code: 'invalidRequest', message }));
  }

  it('comes back as it was sent, with contents of every kind', () => {
    const request: RunRequest = {
      correlationId: 'c',
      messages: [
        {
          role: 'user',
          contents: [
            { type: 'text', text: 'a' },
            { type: 'data', uri: 'data:,x', mediaType: 'text/plain' },
          ],
        },
      ],
      responseFormat: schema,
      enableToolCalls: false,
      enableToolNames: ['x'],
      orchestrationId: 'o',
    };
    const sent = JSON.parse(JSON.stringify(writeRunRequest(request)));
    assert.equal(sent.messages[0].contents[0].$type, 'text');
    assert.deepEqual(readRunRequest(sent), request);
  });

  it('leaves out what is not set', () => {
    assert.deepEqual(writeRunRequest({ correlationId: 'c', messages: [], responseFormat: undefined }), {
      correlationId: 'c',
      messages: [],
    });
  });
});
