import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ChatMessage, messageText, textMessage } from '../../src/agent/message.ts';
import { parseState } from '../../src/state/codec.ts';
import type { StoredContent, StoredEntry } from '../../src/state/entity-state.ts';
import { conversationOf, withAsked } from '../../src/state/history.ts';
import { foreignDocument, withHistory } from './documents.ts';

function conversation(entries: unknown[]): ChatMessage[] {
  return conversationOf(parseState(withHistory(entries)));
}

function asked(correlationId: string, text: string): StoredEntry {
  return { $type: 'request', correlationId, messages: [{ role: 'user', contents: [{ $type: 'text', text }] }] };
}

function answered(correlationId: string, ...contents: StoredContent[]): StoredEntry {
  const messages = contents.map((content) => ({
    role: content.$type === 'functionResult' ? 'tool' : 'assistant',
    contents: [content],
  }));
  return { $type: 'response', correlationId, messages };
}

const call = (callId: string) => ({ $type: 'functionCall', callId, name: 'refund' });
const result = (callId: string) => ({ $type: 'functionResult', callId, result: 'done' });
const error = (errorCode: string) => ({ $type: 'error', errorCode, message: 'No.' });
const text = (value: string) => ({ $type: 'text', text: value });

const texts = (messages: ChatMessage[]) => messages.map(messageText);

describe('the conversation that a model sees', () => {
  it('has text, references and tool work, and nothing that is only for the record', () => {
    const messages = conversationOf(parseState(foreignDocument()));
    assert.deepEqual(
      messages.map(({ role, contents }) => [role, ...contents.map(({ type }) => type)]),
      [
        ['user', 'text', 'uri'],
        ['assistant', 'functionCall'],
        ['tool', 'functionResult'],
        ['assistant', 'text'],
        ['user', 'text'],
      ],
    );
  });

  it('keeps the tool work of a failed turn and leaves its error out', () => {
    const messages = conversation([
      asked('1', 'Refund me.'),
      answered('1', call('c'), result('c'), error('modelUnavailable')),
    ]);
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['user', 'assistant', 'tool'],
    );
    assert.doesNotMatch(JSON.stringify(messages), /modelUnavailable/);
  });

  it('leaves out what was said in a refused turn but not what its tools did', () => {
    const messages = conversation([
      asked('1', 'Hello'),
      answered('1', text('Hi')),
      asked('2', 'Something forbidden'),
      answered('2', text('Well'), call('c'), result('c'), error('modelRefused')),
      asked('3', 'And now?'),
    ]);
    assert.deepEqual(texts(messages), ['Hello', 'Hi', '', '', 'And now?']);
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['user', 'assistant', 'assistant', 'tool', 'user'],
    );
  });

  it('does not repeat the error replies of other runtimes, marked or not', () => {
    const messages = conversation([
      asked('1', 'a'),
      answered('1', error('Timeout')),
      asked('2', 'b'),
      { $type: 'errorResponse', correlationId: '2', messages: [{ role: 'assistant', contents: [text('It broke.')] }] },
    ]);
    assert.deepEqual(texts(messages), ['a', 'b']);
  });

  it('begins at the last compaction', () => {
    const messages = conversation([
      asked('1', 'long ago'),
      { $type: 'compaction', messages: [{ role: 'system', contents: [text('Earlier: a trip.')] }] },
      asked('2', 'today'),
    ]);
    assert.deepEqual(texts(messages), ['Earlier: a trip.', 'today']);
  });

  it('closes a tool call without a result and drops a result without a call', () => {
    const messages = conversation([
      asked('1', 'go'),
      answered('1', call('c')),
      asked('2', 'well?'),
      answered('2', result('x')),
    ]);
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['user', 'assistant', 'tool', 'user'],
    );
    assert.match(JSON.stringify(messages[2]), /interrupted/);
  });

  it('has exactly one result for each call, right behind it, whatever is stored', () => {
    const part = fc.oneof(
      fc.constantFrom(text('t'), error('modelRefused'), { $type: 'hologram' }),
      fc.constantFrom('a', 'b').map(call),
      fc.constantFrom('a', 'b').map(result),
    );
    const turn = fc.array(part, { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 5 }), (turns) => {
        const entries = turns.flatMap((parts, index) => [asked(String(index), 'q'), answered(String(index), ...parts)]);
        const open: string[] = [];
        for (const message of conversation(entries)) {
          for (const content of message.contents) {
            if (content.type === 'functionResult') assert.equal(open.shift(), content.callId);
          }
          if (message.role === 'user') assert.deepEqual(open, []);
          for (const content of message.contents) if (content.type === 'functionCall') open.push(content.callId);
        }
        assert.deepEqual(open, []);
      }),
    );
  });
});

describe('a message that is sent again', () => {
  const user = (...words: string[]) => words.map((word) => textMessage('user', word));
  const said = (before: ChatMessage[], ...now: string[]) => texts(withAsked(before, user(...now))).join(' ');

  it('after turns that failed counts once', () => {
    assert.equal(
      said([...user('hi'), textMessage('assistant', 'Hello'), ...user('go', 'go', 'go')], 'go'),
      'hi Hello go',
    );
    assert.equal(said(user('a', 'b', 'a', 'b'), 'a', 'b'), 'a b');
  });

  it('after an answer, or after something else, counts again', () => {
    assert.equal(said([...user('go'), textMessage('assistant', 'Gone')], 'go'), 'go Gone go');
    assert.equal(said(user('go', 'stop'), 'go'), 'go stop go');
    assert.equal(said(user('b'), 'a', 'b'), 'b a b');
    assert.equal(said([textMessage('assistant', 'go')], 'go'), 'go go');
    assert.equal(said([], 'go'), 'go');
  });
});
