import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseState } from '../../src/state/codec.ts';
import { appendEntries, type StoredEntry } from '../../src/state/entity-state.ts';
import { foreignDocument, withContent, withHistory } from './documents.ts';

const empty = { schemaVersion: '1.1.0', data: { conversationHistory: [] } };

/** Adds an unknown field to every object of a document, at a place that the seed chooses. */
function withUnknownFields(value: unknown, extra: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withUnknownFields(item, extra));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, child]) => [name, withUnknownFields(child, extra)]);
  return Object.fromEntries([...entries, ['x-future', extra]]);
}

describe('parseState', () => {
  for (const nothing of [undefined, null, '', 'null']) {
    it(`${JSON.stringify(nothing)} is a session that has not begun`, () => {
      assert.deepEqual(parseState(nothing), empty);
    });
  }

  it('what is not known survives at every level', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (extra) => {
        const text = JSON.stringify(withUnknownFields(foreignDocument(), extra));
        assert.equal(JSON.stringify(parseState(text)), text);
      }),
    );
  });

  it('any JSON under unknown names comes back as the same text', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const text = `{"schemaVersion":"1.0.0","future":${JSON.stringify(JSON.parse(json))},"data":{}}`;
        assert.equal(JSON.stringify(parseState(text)), text);
      }),
    );
  });

  for (const number of [
    '18446744073709551616',
    '-9223372036854775808',
    '1789430400123456789',
    '1e400',
    '0.12345678901234567890',
  ]) {
    it(`the number ${number} keeps its digits`, () => {
      const text = `{"schemaVersion":"1.1.0","data":{"conversationHistory":[],"positions":{"a":${number},"b":1}}}`;
      assert.equal(JSON.stringify(parseState(text)), text);
    });
  }

  it('a 64-bit token count is a count', () => {
    const usage = '{"$type":"response","usage":{"inputTokenCount":9223372036854775807}}';
    const text = `{"schemaVersion":"1.1.0","data":{"conversationHistory":[${usage}]}}`;
    assert.equal(JSON.stringify(parseState(text)), text);
  });

  it('appending leaves what is there as it is', () => {
    const before = JSON.stringify(foreignDocument());
    const state = parseState(before);
    const entry: StoredEntry = { $type: 'request', correlationId: 'turn-3', messages: [] };
    const after = appendEntries(state, [entry]);
    assert.equal(JSON.stringify(state), before);
    const expected = foreignDocument();
    expected.data.conversationHistory?.push(entry);
    assert.deepEqual(after, expected);
  });

  for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.99.3']) {
    it(`version ${version} is read`, () => {
      assert.equal(parseState({ schemaVersion: version, data: {} }).schemaVersion, version);
    });
  }

  it('a new session begins in the version that the app wants; one that is there keeps its own', () => {
    const fresh = {
      schemaVersion: '2.0.0',
      data: { conversationHistory: [], terminalResults: {}, completionReceipts: {} },
    };
    assert.deepEqual(parseState(undefined, '2.0.0'), fresh);
    assert.equal(parseState({ schemaVersion: '1.1.0', data: {} }, '2.0.0').schemaVersion, '1.1.0');
  });

  for (const version of ['0.9.0', '3.0.0', '10.0.0']) {
    it(`version ${version} is refused as another major version`, () => {
      assert.throws(() => parseState({ schemaVersion: version, data: {} }), { code: 'stateVersionUnsupported' });
    });
  }

  for (const version of ['v1.1.0', '1.1', '01.1.0', '1.1.0-beta', ' 1.1.0', '1.1.0\n', '', 1.1, null, undefined]) {
    it(`${JSON.stringify(version)} is no version`, () => {
      assert.throws(() => parseState({ schemaVersion: version, data: {} }), {
        code: 'invalidState',
        message: /schemaVersion/,
      });
    });
  }

  const broken: [string, unknown, RegExp][] = [
    ['text that is cut off', '{"schemaVersion":"1.1.0","da', /not JSON/],
    ['a list', [], /not an object/],
    ['no data', { schemaVersion: '1.1.0' }, /data is not an object/],
    [
      'a history that is an object',
      { schemaVersion: '1.1.0', data: { conversationHistory: {} } },
      /conversationHistory/,
    ],
    ['an entry that is a text', withHistory(['x']), /conversationHistory\[0\]/],
    ['a correlation id that is a number', withHistory([{ correlationId: 7 }]), /correlationId/],
    ['messages that are a text', withHistory([{ messages: 'x' }]), /messages/],
    ['a message without a role', withHistory([{ messages: [{ contents: [] }] }]), /messages\[0\]\.role/],
    ['a content without $type', withContent({ text: 'x' }), /contents\[0\]\.\$type/],
    ['a text content without text', withContent({ $type: 'text' }), /contents\[0\]\.text is missing/],
    ['a text that is false', withContent({ $type: 'text', text: false }), /text is not a string/],
    [
      'arguments that are false',
      withContent({ $type: 'functionCall', callId: 'c', name: 'f', arguments: false }),
      /arguments/,
    ],
    ['a call id that is false', withContent({ $type: 'functionResult', callId: false }), /callId/],
    ['usage that is false', withContent({ $type: 'usage', usage: false }), /usage/],
    ['a token count of 1.5', withHistory([{ usage: { inputTokenCount: 1.5 } }]), /inputTokenCount/],
    ['an unknown content without content', withContent({ $type: 'unknown' }), /content is missing/],
    ['an expiration that is a number', { schemaVersion: '1.1.0', data: { expirationTimeUtc: 5 } }, /expirationTimeUtc/],
  ];
  for (const [name, document, message] of broken) {
    it(`${name} makes the state invalid, and the place is named`, () => {
      assert.throws(() => parseState(document), { code: 'invalidState', message });
    });
  }

  it('nulls that other runtimes write for absent fields are accepted', () => {
    const document = withHistory([
      {
        $type: 'response',
        correlationId: 'a',
        orchestrationId: null,
        usage: null,
        messages: [
          {
            role: 'assistant',
            authorName: null,
            createdAt: null,
            contents: [
              { $type: 'uri', uri: 'x:y', mediaType: null },
              { $type: 'unknown', content: null },
            ],
          },
        ],
      },
    ]);
    assert.equal(parseState(document), document);
  });
});
