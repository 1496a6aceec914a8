import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ToolCallRequest } from '../../src/agent/effects.ts';
import { textMessage } from '../../src/agent/message.ts';
import { ModelError } from '../../src/errors.ts';
import type { JsonObject } from '../../src/json.ts';
import { silentLogger } from '../../src/log.ts';
import type { ChatResponse, ChatUpdate } from '../../src/model/chat-client.ts';
import { MemoryStreamStore } from '../../src/stream/memory-stream-store.ts';
import type { StreamStore } from '../../src/stream/stream-store.ts';
import type { TurnEvent } from '../../src/stream/turn-event.ts';
import { TurnStream, type TurnStreamOptions } from '../../src/stream/turn-stream.ts';
import { TurnView } from '../../src/stream/turn-view.ts';
import { newKey, readAll } from './events.ts';

const call: ToolCallRequest = { callId: 'c1', name: 'look', arguments: { at: 'it' }, iteration: 1, index: 0 };

function response(text: string): ChatResponse {
  return { messages: [textMessage('assistant', text)], finishReason: 'stop', usage: { outputTokenCount: 2 } };
}

function completed(text: string) {
  return { status: 'completed' as const, response: { text, messages: [textMessage('assistant', text)] } };
}

function open(store: StreamStore | undefined, options: Partial<TurnStreamOptions> = {}) {
  const warnings: string[] = [];
  const warn = (message: string, fields?: JsonObject) => void warnings.push(`${message} ${JSON.stringify(fields)}`);
  const key = options.key ?? newKey();
  const log = { ...silentLogger, warn, error: warn };
  const stream = new TurnStream({ key, agentName: 'Joker', store, log, ...options });
  return { stream, key, warnings };
}

async function bodiesOf(store: StreamStore, key: ReturnType<typeof newKey>): Promise<TurnEvent[]> {
  return (await readAll(store, key)).map(({ event }) => event as TurnEvent);
}

describe('a turn stream', () => {
  it('tells of the whole turn in order, each event with its step, attempt, and a rising number', async () => {
    const store = new MemoryStreamStore();
    const { stream, key } = open(store, { now: () => 7 });
    stream.started({ simulated: true });
    stream.onModelUpdate({ type: 'reasoning', text: 'Hm.' });
    stream.onModelUpdate({ type: 'functionCall', callId: 'c1', name: 'look' });
    stream.onModelUpdate({ type: 'functionArguments', callId: 'c1', delta: '{"at"' });
    stream.onModelUpdate({ type: 'response', response: response('') });
    stream.onToolCall(call);
    stream.onToolProgress(call, { percent: 50 });
    stream.onToolResult(call, { seen: true });
    for (const text of ['It ', 'is ', 'red.']) stream.onModelUpdate({ type: 'text', text });
    stream.onModelUpdate({ type: 'response', response: response('It is red.') });
    await stream.done(completed('It is red.'));
    const events = await bodiesOf(store, key);
    assert.deepEqual(
      events.map(({ type, step }) => `${step} ${type}`),
      [
        'turn turnStarted',
        'model-1 reasoningDelta',
        'model-1 usage',
        'tool-1-0 toolCallStarted',
        'tool-1-0 toolProgress',
        'tool-1-0 toolResult',
        'model-2 textDelta',
        'model-2 textDelta',
        'model-2 textDelta',
        'model-2 usage',
        'turn done',
      ],
    );
    assert.deepEqual(
      events.map(({ sequence }) => sequence),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    );
    assert.ok(events.every(({ attempt, at }) => attempt === 1 && at === 7));
    assert.deepEqual(events[3], {
      type: 'toolCallStarted',
      callId: 'c1',
      name: 'look',
      arguments: { at: 'it' },
      step: 'tool-1-0',
      attempt: 1,
      sequence: 4,
      at: 7,
    });
  });

  it('gives the whole text of a model that does not stream', async () => {
    const store = new MemoryStreamStore();
    const { stream, key } = open(store);
    const long = '🐕'.repeat(10_000);
    stream.onModelUpdate({ type: 'response', response: response(long) });
    await stream.done(completed(long));
    const texts = (await bodiesOf(store, key)).flatMap((event) => (event.type === 'textDelta' ? [event.text] : []));
    assert.equal(texts.join(''), long);
    assert.ok(texts.length > 1 && texts.every((text) => text.isWellFormed()));
  });

  it('never ends a piece inside a character, wherever the model cuts', async () => {
    const store = new MemoryStreamStore();
    const { stream, key } = open(store);
    const text = 'café 日本語 🐕👨‍👩‍👧!';
    for (let index = 0; index < text.length; index++) stream.onModelUpdate({ type: 'text', text: text[index]! });
    stream.onModelUpdate({ type: 'response', response: response(text) });
    await stream.done(completed(text));
    const texts = (await bodiesOf(store, key)).flatMap((event) => (event.type === 'textDelta' ? [event.text] : []));
    assert.equal(texts.join(''), text);
    assert.ok(texts.every((piece) => piece.isWellFormed()));
  });

  it('begins a new attempt when a model call is repeated after partial text, and readers can discard', async () => {
    const store = new MemoryStreamStore();
    const { stream, key } = open(store);
    stream.onModelUpdate({ type: 'text', text: 'first answer' }, 1);
    stream.onModelUpdate({ type: 'response', response: response('first answer') }, 1);
    stream.onModelUpdate({ type: 'text', text: 'wro' }, 1);
    stream.onModelUpdate({ type: 'text', text: 'right' }, 2);
    stream.onModelUpdate({ type: 'response', response: response('right') }, 2);
    await stream.done({ status: 'failed', error: new ModelError('modelTimeout', 'Too late.'), messages: [] });
    const events = await bodiesOf(store, key);
    assert.deepEqual(
      events.filter(({ type }) => type === 'attempt').map(({ step, attempt }) => [step, attempt]),
      [['model-2', 2]],
    );
    const view = new TurnView();
    for (const event of events) view.add(event);
    const texts = view.events.flatMap((event) => (event.type === 'textDelta' ? [event.text] : []));
    assert.deepEqual(texts, ['first answer', 'right']);
    assert.equal(view.text, 'right');
    assert.deepEqual(view.end, {
      type: 'done',
      outcome: 'failed',
      error: { code: 'modelTimeout', message: 'Too late.' },
      step: 'turn',
      attempt: 1,
      sequence: 7,
      at: view.end && 'at' in view.end ? view.end.at : 0,
    });
  });

  it('masks the secrets that a failure quotes', async () => {
    const store = new MemoryStreamStore();
    const { stream, key } = open(store);
    const error = new ModelError('modelBadRequest', 'Bad request with AccountKey=canary0123456789.');
    await stream.done({ status: 'failed', error, messages: [] });
    const events = JSON.stringify(await bodiesOf(store, key));
    assert.match(events, /AccountKey=\*\*\*/);
    assert.doesNotMatch(events, /canary/);
  });

  it('needs no new attempt when the call that failed had said nothing', async () => {
    const store = new MemoryStreamStore();
    const { stream, key } = open(store);
    stream.onModelUpdate({ type: 'text', text: 'ok' }, 2);
    await stream.done(completed('ok'));
    assert.deepEqual(
      (await bodiesOf(store, key)).map(({ type }) => type),
      ['textDelta', 'done'],
    );
  });

  it('voids all of a turn that a crash has interrupted, late writing of the dead process included', async () => {
    const store = new MemoryStreamStore();
    const { stream: dead, key } = open(store);
    dead.onModelUpdate({ type: 'text', text: 'lost' });
    await dead.flush();
    const { stream } = open(store, { key });
    stream.onModelUpdate({ type: 'text', text: 'kept' });
    await stream.flush();
    dead.onModelUpdate({ type: 'text', text: 'late' });
    await dead.flush();
    await stream.done(completed('kept'));
    const view = new TurnView();
    for (const event of await bodiesOf(store, key)) view.add(event);
    assert.deepEqual(
      view.events.map((event) => (event.type === 'textDelta' ? event.text : event.type)),
      ['kept', 'done'],
    );
  });

  it('voids a step alone when only that step is repeated', async () => {
    const store = new MemoryStreamStore();
    const key = newKey();
    const step = async (name: string, text: string) => {
      const { stream } = open(store, { key, step: name });
      stream.onModelUpdate({ type: 'text', text });
      await stream.flush();
    };
    await step('model-1', 'one');
    await step('model-2', 'half of tw');
    await step('model-2', 'two');
    const { stream } = open(store, { key, step: 'end' });
    await stream.done(completed('two'));
    const view = new TurnView();
    for (const event of await bodiesOf(store, key)) view.add(event);
    const shown = view.events.map((event) => (event.type === 'textDelta' ? event.text : event.type));
    assert.deepEqual(shown, ['one', 'two', 'done']);
  });

  it('cuts long arguments and results to an excerpt that says so', async () => {
    const store = new MemoryStreamStore();
    const { stream, key } = open(store);
    stream.onToolCall({ ...call, arguments: { long: 'x'.repeat(100_000) } });
    stream.onToolResult(call, 'y'.repeat(100_000));
    await stream.done(completed('ok'));
    const [started, result] = await bodiesOf(store, key);
    for (const event of [started, result]) assert.ok(JSON.stringify(event).length < 5_000);
    assert.ok(started?.type === 'toolCallStarted' && (started.arguments as JsonObject).truncated === true);
    assert.ok(result?.type === 'toolResult' && (result.result as JsonObject).truncated === true);
  });

  it('survives a store that fails: tries again, then says so once, and throws nothing', async () => {
    let fails = 2;
    const inner = new MemoryStreamStore();
    const append: StreamStore['append'] = async (key, events) => {
      if (fails-- > 0) throw new Error('no connection');
      return inner.append(key, events);
    };
    const flaky = Object.assign(Object.create(inner) as StreamStore, {
      append,
      beginAttempt: inner.beginAttempt.bind(inner),
    });
    const first = open(flaky);
    first.stream.onModelUpdate({ type: 'text', text: 'a' });
    await first.stream.done(completed('a'));
    assert.deepEqual(
      (await bodiesOf(inner, first.key)).map(({ type }) => type),
      ['textDelta', 'done'],
    );
    assert.deepEqual(first.warnings, []);

    fails = Number.POSITIVE_INFINITY;
    const second = open(flaky);
    for (let index = 0; index < 120; index++) second.stream.onModelUpdate({ type: 'text', text: 'a' });
    await second.stream.done(completed('a'));
    assert.equal(second.warnings.length, 1);
    assert.match(second.warnings[0]!, /no connection/);
  });

  it('does not hold up the turn for a store that hangs', async () => {
    const inner = new MemoryStreamStore();
    const hanging = Object.assign(Object.create(inner) as StreamStore, { beginAttempt: () => new Promise(() => {}) });
    const { stream, warnings } = open(hanging, { flushTimeoutMs: 30 });
    for (let index = 0; index < 20_000; index++) stream.onModelUpdate({ type: 'text', text: 'a' });
    await stream.done(completed('a'));
    assert.equal(warnings.length, 1);
  });
});

describe('a stream handler', () => {
  it('hears of every update in order and of the answer once, with the facts of the turn', async () => {
    const heard: string[] = [];
    const key = newKey();
    const { stream } = open(undefined, {
      key,
      requestText: 'Which colour?',
      handler: {
        async onUpdate(update: ChatUpdate, context) {
          await new Promise((resolve) => setTimeout(resolve, update.type === 'text' ? 3 : 0));
          heard.push(`${update.type} ${context.attempt}`);
        },
        onResponse(answer, context) {
          const { agentName, sessionId, correlationId, requestText } = context;
          assert.deepEqual([agentName, sessionId, correlationId], ['Joker', key.sessionId, key.correlationId]);
          heard.push(`${requestText} ${answer.text}`);
        },
      },
    });
    stream.onModelUpdate({ type: 'text', text: 'r' });
    stream.onModelUpdate({ type: 'functionCall', callId: 'c', name: 'n' });
    stream.onModelUpdate({ type: 'text', text: 'red' }, 2);
    stream.onModelUpdate({ type: 'response', response: response('red') }, 2);
    await stream.done(completed('red'));
    assert.deepEqual(heard, ['text 1', 'functionCall 1', 'text 2', 'response 2', 'Which colour? red']);
  });

  it('that throws is logged and changes nothing', async () => {
    const store = new MemoryStreamStore();
    let calls = 0;
    const fail = () => {
      calls++;
      throw new Error('handler broke');
    };
    const { stream, key, warnings } = open(store, { handler: { onUpdate: fail, onResponse: async () => fail() } });
    stream.onModelUpdate({ type: 'text', text: 'a' });
    stream.onModelUpdate({ type: 'text', text: 'b' });
    await stream.done(completed('ab'));
    assert.equal(calls, 3);
    assert.equal(warnings.length, 3);
    assert.match(warnings[0]!, /onUpdate failed.*handler broke/);
    assert.equal((await bodiesOf(store, key)).length, 3);
  });

  it('that never ends does not hold up the turn, and hears nothing of a failed one but its updates', async () => {
    let responses = 0;
    const onResponse = () => void responses++;
    const { stream } = open(undefined, {
      flushTimeoutMs: 20,
      handler: { onUpdate: () => new Promise(() => {}), onResponse },
    });
    stream.onModelUpdate({ type: 'text', text: 'a' });
    await stream.done(completed('a'));
    const failed = open(undefined, { handler: { onResponse } });
    await failed.stream.done({ status: 'failed', error: new ModelError('modelFailed', 'no'), messages: [] });
    assert.equal(responses, 0);
  });
});
