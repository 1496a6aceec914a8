import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content } from '../../src/agent/content.ts';
import { type ChatMessage, textMessage } from '../../src/agent/message.ts';
import { repairConversation } from '../../src/agent/repair-conversation.ts';
import { errorOf } from './support.ts';

const assistant = (...contents: Content[]): ChatMessage => ({ role: 'assistant', contents });
const toolMessage = (...contents: Content[]): ChatMessage => ({ role: 'tool', contents });
const call = (callId: string): Content => ({ type: 'functionCall', callId, name: 'alpha' });
const result = (callId: string, value = `of ${callId}`): Content => ({ type: 'functionResult', callId, result: value });
const hi = textMessage('user', 'Hi');
const bye = textMessage('user', 'Bye');

test('a well-formed conversation stays as it is', () => {
  const messages = [
    hi,
    assistant(call('a'), call('b')),
    toolMessage(result('a'), result('b')),
    textMessage('assistant', 'ok'),
    bye,
  ];
  assert.deepEqual(repairConversation(messages), messages);
});

test('a call without a result is closed as interrupted, before the next message', () => {
  const repaired = repairConversation([hi, assistant(call('a')), bye]);
  assert.deepEqual(
    repaired.map(({ role }) => role),
    ['user', 'assistant', 'tool', 'user'],
  );
  const closed = repaired[2]?.contents[0];
  assert.ok(closed?.type === 'functionResult' && closed.callId === 'a');
  assert.equal(errorOf(closed.result ?? null).code, 'interrupted');
});

test('of several calls only the open one is closed, in its place', () => {
  const repaired = repairConversation([
    assistant(call('a'), call('b'), call('c')),
    toolMessage(result('c'), result('a')),
  ]);
  const contents = repaired[1]?.contents ?? [];
  assert.deepEqual(
    contents.map((content) => content.type === 'functionResult' && content.callId),
    ['a', 'b', 'c'],
  );
  assert.match(JSON.stringify(contents[1]), /interrupted/);
});

test('results without a call, and second results, are left out', () => {
  const repaired = repairConversation([
    hi,
    toolMessage(result('x')),
    assistant(call('a')),
    toolMessage(result('a', 'one'), result('a', 'two')),
  ]);
  assert.deepEqual(repaired, [hi, assistant(call('a')), toolMessage(result('a', 'one'))]);
});

test('a late result is moved up to its call', () => {
  assert.deepEqual(repairConversation([assistant(call('a')), bye, toolMessage(result('a'))]), [
    assistant(call('a')),
    toolMessage(result('a')),
    bye,
  ]);
});

test('results in several messages are joined', () => {
  assert.deepEqual(
    repairConversation([assistant(call('a'), call('b')), toolMessage(result('a')), toolMessage(result('b'))]),
    [assistant(call('a'), call('b')), toolMessage(result('a'), result('b'))],
  );
});

test('an id that comes again in a later turn belongs to the later call', () => {
  const repaired = repairConversation([assistant(call('a')), bye, assistant(call('a')), toolMessage(result('a'))]);
  assert.match(JSON.stringify(repaired[1]), /interrupted/);
  assert.deepEqual(repaired.at(-1), toolMessage(result('a')));
});
