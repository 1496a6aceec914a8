import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { FunctionsCore } from './functions-core.ts';

const core = FunctionsCore.install();
const { AgentFunctionApp } = await import('../../src/azure-functions.ts');
const { Agent } = await import('../../src/agent/agent.ts');
const { ModelError } = await import('../../src/errors.ts');
const { scriptedModel } = await import('../../src/model/scripted-chat-client.ts');
const { DurableBackend } = await import('./durable-backend.ts');
const { runBatch } = await import('./entity-batch.ts');
const { callHttp, postJson } = await import('./http-call.ts');

type Steps = Parameters<typeof scriptedModel>[0];

let backend: InstanceType<typeof DurableBackend>;

/** An app with one agent whose model follows the script. */
function app(steps: Steps, options: Partial<ConstructorParameters<typeof AgentFunctionApp>[0]> = {}) {
  core.functions.clear();
  const model = scriptedModel(steps);
  // This backend starts no orchestrations.
  new AgentFunctionApp({
    agents: [new Agent({ name: 'Joker', model })],
    sessions: { ttlMs: null },
    enableStreaming: false,
    ...options,
  });
  return model;
}

const run = (body: object, options: Parameters<typeof postJson>[1] = {}) =>
  callHttp(core, 'http-Joker', backend, postJson(body, options));

describe('the run endpoint, with the real durable client', () => {
  before(async () => {
    backend = new DurableBackend(core);
    await backend.start();
  });
  after(() => backend.stop());
  beforeEach(() => {
    backend.states.clear();
    backend.targets.length = 0;
    core.logged.length = 0;
  });

  it('answers, and the session goes on with the id of the reply', async () => {
    const model = app(['Ha.', 'Ha ha.']);
    const first = await run({ message: 'Tell a joke' });
    assert.equal(first.status, 200);
    assert.equal(first.json.response, 'Ha.');
    assert.equal(first.json.messageCount, 2);
    assert.equal(first.headers['x-ms-session-id'], first.json.sessionId);
    const second = await run({ message: 'Another' }, { query: { sessionId: first.json.sessionId } });
    assert.equal(second.json.response, 'Ha ha.');
    assert.equal(second.json.messageCount, 4);
    assert.deepEqual(second.json.metadata, { provider: 'scripted', modelId: 'scripted', simulated: true });
    assert.deepEqual(
      model.requests[1]?.messages.map(({ role }) => role),
      ['user', 'assistant', 'user'],
    );
  });

  for (const useRpc of [true, false]) {
    for (const sessionId of ['zażółć-🧵', 'a b+c&d=e;f', 'CON', "it's~(*)!", '...', 'Ab']) {
      it(`session ${sessionId} works over ${useRpc ? 'the local' : 'the public'} address`, async () => {
        app(['one', 'two']);
        await run({ message: 'a', sessionId }, { useRpc });
        const { json, headers } = await run({ message: 'b', sessionId }, { useRpc });
        assert.equal(json.response, 'two');
        assert.equal(json.sessionId, sessionId);
        assert.equal(decodeURIComponent(headers['x-ms-session-id'] ?? ''), sessionId);
        assert.deepEqual([...backend.states.keys()], [`dafx-joker/${sessionId}`]);
        const path = `/durabletask/entities/dafx-joker/${encodeURIComponent(sessionId)}?`;
        assert.ok(backend.targets.every((target) => `${target}?`.startsWith(path)));
      });
    }
  }

  it('sessions that differ in case are two', async () => {
    app(['one', 'two']);
    await run({ message: 'a', sessionId: 'Trip' });
    await run({ message: 'a', sessionId: 'trip' });
    assert.deepEqual([...backend.states.keys()].sort(), ['dafx-joker/Trip', 'dafx-joker/trip']);
  });

  it('acknowledges at once when the caller does not wait, and the turn is done all the same', async () => {
    app([{ text: 'late', delayMs: 20 }]);
    const { status, json } = await run({ message: 'a', sessionId: 's', waitForResponse: false });
    assert.equal(status, 202);
    await backend.idle();
    assert.match(backend.states.get('dafx-joker/s') ?? '', new RegExp(`${json.correlationId}.*late`));
  });

  it('acknowledges when the wait is over', async () => {
    app([{ text: 'late', delayMs: 60 }], { waitTimeoutMs: 10 });
    const { status, json } = await run({ message: 'a', sessionId: 's' });
    assert.equal(status, 202);
    assert.equal(json.status, 'accepted');
    await backend.idle();
    assert.match(backend.states.get('dafx-joker/s') ?? '', /late/);
  });

  it('a model that fails is 500 with its code; the log has the code and not the words', async () => {
    const error = new ModelError('modelUnauthorized', 'Key sk-123 is wrong: "my secret question"', {
      fix: 'Set the key.',
    });
    app([{ error }, 'better']);
    const failed = await run({ message: 'my secret question', sessionId: 's' });
    assert.equal(failed.status, 500);
    assert.equal(failed.json.errorCode, 'modelUnauthorized');
    assert.equal(failed.json.error.code, 'modelUnauthorized');
    const line = core.logged.find((logged) => logged.includes('An agent turn failed.')) ?? '';
    assert.match(line, /^error .*"code":"modelUnauthorized".*"fix":"Set the key\."/);
    assert.doesNotMatch(line, /secret|sk-123/);
    const next = await run({ message: 'again', sessionId: 's' });
    assert.equal(next.json.response, 'better');
  });

  it('a damaged session says so and is not replaced; others work', async () => {
    app(['fine']);
    backend.states.set('dafx-joker/bad', '{"schemaVersion":"1.1.0","da');
    const { status, json } = await run({ message: 'a', sessionId: 'bad' });
    assert.equal(status, 500);
    assert.equal(json.errorCode, 'invalidState');
    await backend.idle();
    assert.equal(backend.states.get('dafx-joker/bad'), '{"schemaVersion":"1.1.0","da');
    assert.equal((await run({ message: 'a', sessionId: 'good' })).status, 200);
  });

  it('a request that is refused reaches no session', async () => {
    app([]);
    const refused = [
      await run({ message: 'a', sessionId: 'a/b' }),
      await run({ message: 'a', role: 'system' }),
      await run({}),
      await callHttp(core, 'http-Joker', backend, { headers: { 'content-type': 'text/xml' }, body: '<a/>' }),
    ];
    assert.deepEqual(
      refused.map(({ status }) => status),
      [400, 400, 400, 415],
    );
    assert.deepEqual(backend.targets, []);
  });

  it('a body over the limit is 413', async () => {
    app([], { maxBodyBytes: 100 });
    assert.equal((await run({ message: 'x'.repeat(100) })).status, 413);
  });

  it('answers text with text', async () => {
    app(['Ha.']);
    const { text, headers } = await callHttp(core, 'http-Joker', backend, { body: 'Tell a joke' });
    assert.equal(text, 'Ha.');
    assert.equal(headers['x-durable-agent-model'], 'scripted (simulated)');
  });

  it('an agent may allow its callers more roles than the app', async () => {
    core.functions.clear();
    const agent = new Agent({ name: 'Joker', model: scriptedModel(['ok']) });
    new AgentFunctionApp({ agents: [{ agent, allowedRoles: ['user', 'system'] }], enableStreaming: false });
    assert.equal((await run({ message: 'a', role: 'system' })).status, 200);
  });

  it('is 503 while the backend is away', async () => {
    app([]);
    const away = new DurableBackend(core);
    await away.start();
    const data = away.clientData(true);
    await away.stop();
    const http = {
      method: 'POST',
      url: 'http://x/y',
      nullableHeaders: {},
      nullableQuery: {},
      nullableParams: {},
      body: { bytes: Buffer.from('hi') },
    };
    const returned = await core.invoke('http-Joker', { http }, { durableClient: data });
    assert.match(JSON.stringify(returned?.http), /"statusCode":"503"/);
  });
});

describe('the entity of an agent', () => {
  it('performs a batch in order, each operation on the state that the one before left', async () => {
    const model = app(['one', 'two']);
    const { results, entityState } = await runBatch(core, 'dafx-Joker', 's', undefined, [
      { name: 'run', input: { message: 'a', correlationId: '1' } },
      { name: 'explode' },
      { name: 'Run', input: { message: 'b', correlationId: '2' } },
      { name: 'run', input: { message: 'a', correlationId: '1' } },
    ]);
    assert.deepEqual(
      results.map(({ isError }) => isError),
      [false, false, false, false],
    );
    assert.deepEqual(JSON.parse(results[1]?.result ?? ''), { error: 'Unknown operation: explode' });
    assert.equal(results[3]?.result, results[0]?.result);
    assert.equal(model.requests[1]?.messages.length, 3);
    assert.equal(JSON.parse(entityState ?? '').data.conversationHistory.length, 4);
  });

  it('exists as long as it has a state, whatever its operations give back', async () => {
    app(['one']);
    const orders = [{ name: 'CheckAndDeleteIfExpired', input: { instanceId: 'i' } }, { name: 'explode' }];
    const untouched = await runBatch(core, 'dafx-Joker', 's', undefined, orders);
    assert.deepEqual([untouched.entityExists, untouched.entityState], [false, undefined]);
    const run = { name: 'run', input: { message: 'a', correlationId: '1' } };
    const used = await runBatch(core, 'dafx-Joker', 's', undefined, [run, ...orders]);
    assert.equal(used.entityExists, true);
    const deleted = await runBatch(core, 'dafx-Joker', 's', used.entityState, [{ name: 'delete' }, ...orders]);
    assert.deepEqual([deleted.entityExists, deleted.entityState], [false, undefined]);
    const damaged = await runBatch(core, 'dafx-Joker', 's', '{"cut', orders);
    assert.deepEqual([damaged.entityExists, damaged.entityState], [true, '{"cut']);
  });

  it('keeps numbers that JavaScript cannot hold', async () => {
    app(['one', 'two']);
    const state = '{"schemaVersion":"1.1.0","data":{"conversationHistory":[],"ingested":{"p":9223372036854775807}}}';
    const operations = ['1', '2'].map((correlationId) => ({ name: 'run', input: { message: 'a', correlationId } }));
    const { entityState } = await runBatch(core, 'dafx-Joker', 's', state, operations);
    assert.match(entityState ?? '', /"ingested":\{"p":9223372036854775807\}/);
  });

  it('gives back a failure as a value and leaves a state that it cannot read', async () => {
    app([]);
    const state = '{"schemaVersion":"3.0.0","data":{}}';
    const { results, entityState } = await runBatch(core, 'dafx-Joker', 's', state, [
      { name: 'run', input: { message: 'a', correlationId: '1' } },
      { name: 'run', input: { message: 'a' } },
    ]);
    assert.equal(entityState, state);
    const codes = results.map(({ isError, result }) => [isError, JSON.parse(result ?? '').error.code]);
    assert.deepEqual(codes, [
      [false, 'stateVersionUnsupported'],
      [false, 'invalidRequest'],
    ]);
  });

  it('starts again after a reset', async () => {
    const model = app(['one', 'two']);
    const { results } = await runBatch(core, 'dafx-Joker', 's', undefined, [
      { name: 'run', input: { message: 'a', correlationId: '1' } },
      { name: 'reset' },
      { name: 'run', input: { message: 'b', correlationId: '2' } },
    ]);
    assert.deepEqual(JSON.parse(results[1]?.result ?? ''), { status: 'reset' });
    assert.equal(model.requests[1]?.messages.length, 1);
  });
});
