import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import { callModel, maxRetryDelayMs, type Sleep } from '../../src/agent/call-model.ts';
import type { ModelOutcome } from '../../src/agent/effects.ts';
import { ConfigurationError, ModelError } from '../../src/errors.ts';
import type { ChatClient, ChatRequest } from '../../src/model/chat-client.ts';
import { type ScriptedStep, scriptedModel } from '../../src/testing.ts';
import { recordingLogger, runContext } from './support.ts';

const request: ChatRequest = { messages: [], tools: [], options: {} };

function recordingSleep() {
  const delays: number[] = [];
  const sleep: Sleep = async (ms) => {
    delays.push(ms);
  };
  return { delays, sleep };
}

function agentOf(model: ChatClient, options: Partial<AgentOptions> = {}): Agent {
  return new Agent({ name: 'helper', model, ...options });
}

function errorOf(outcome: ModelOutcome) {
  if (outcome.ok) throw new Error('the model call succeeded');
  return outcome.error;
}

const limited = (retryAfterMs?: number) =>
  new ModelError('modelRateLimited', 'slow down', {
    retryable: true,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });

test('a rate limit is waited out for as long as the provider asks, plus jitter, and the call succeeds', async () => {
  const { delays, sleep } = recordingSleep();
  const model = scriptedModel([{ error: limited(3000) }, { error: limited(3000) }, 'ok']);
  const outcome = await callModel(agentOf(model), request, runContext(), sleep);
  assert.ok(outcome.ok);
  assert.equal(delays.length, 2);
  for (const delay of delays) assert.ok(delay >= 3000 && delay <= 3751, String(delay));
});

test('without a hint the waits double', async () => {
  const { delays, sleep } = recordingSleep();
  const steps: ScriptedStep[] = Array.from({ length: 4 }, () => ({ error: limited() }));
  const outcome = await callModel(agentOf(scriptedModel(steps), { maxModelRetries: 3 }), request, runContext(), sleep);
  assert.equal(errorOf(outcome).code, 'modelRateLimited');
  assert.deepEqual(
    delays.map((delay, n) => delay >= 150 * 2 ** n && delay <= 150 * 2 ** n + Math.max(150 * 2 ** n * 0.25, 100) + 1),
    [true, true, true],
  );
});

test('a provider that asks for a longer wait than the cap fails the call at once, with the hint', async () => {
  const { delays, sleep } = recordingSleep();
  const model = scriptedModel([{ error: limited(198_300_000) }]);
  const error = errorOf(await callModel(agentOf(model), request, runContext(), sleep));
  assert.ok(198_300_000 > maxRetryDelayMs);
  assert.equal((error as ModelError).retryAfterMs, 198_300_000);
  assert.deepEqual(delays, []);
});

test('errors that will not pass are not repeated', async () => {
  for (const code of ['modelRefused', 'modelUnauthorized', 'modelBadRequest']) {
    const model = scriptedModel([{ error: new ModelError(code, 'no') }, 'never']);
    assert.equal(errorOf(await callModel(agentOf(model), request, runContext())).code, code);
    assert.equal(model.requests.length, 1);
  }
});

test('with no retries allowed a call is made once', async () => {
  const model = scriptedModel([{ error: limited(0) }, 'never']);
  await callModel(agentOf(model, { maxModelRetries: 0 }), request, runContext());
  assert.equal(model.requests.length, 1);
});

test('a model that is too slow is aborted and not called again', async () => {
  const model = scriptedModel([{ text: 'late', delayMs: 60_000 }, 'never']);
  const error = errorOf(await callModel(agentOf(model, { modelTimeoutMs: 10 }), request, runContext()));
  assert.equal(error.code, 'modelTimeout');
  assert.match(error.message, /10 ms/);
  assert.equal(model.requests.length, 1);
});

test('a stopped run ends the call, and also the wait for the next try, with "modelAborted"', async () => {
  const controller = new AbortController();
  const context = runContext({ signal: controller.signal });
  const slow = callModel(agentOf(scriptedModel([{ text: 'late', delayMs: 60_000 }])), request, context);
  const waiting = callModel(agentOf(scriptedModel([{ error: limited(20_000) }, 'never'])), request, context);
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  assert.equal(errorOf(await slow).code, 'modelAborted');
  assert.equal(errorOf(await waiting).code, 'modelAborted');
  assert.equal(errorOf(await callModel(agentOf(scriptedModel(['x'])), request, context)).code, 'modelAborted');
});

function brokenClient(complete: () => unknown): ChatClient {
  return { provider: 'broken', modelId: undefined, simulated: false, complete: complete as ChatClient['complete'] };
}

test('a client that throws anything else fails with "modelFailed"; our own errors pass', async () => {
  const broken = brokenClient(() => {
    throw new TypeError('x is not a function');
  });
  const error = errorOf(await callModel(agentOf(broken), request, runContext()));
  assert.equal(error.code, 'modelFailed');
  assert.match(error.message, /"broken".*x is not a function/);
  const configured = new ConfigurationError('missing', 'no key');
  assert.equal(
    errorOf(await callModel(agentOf(brokenClient(() => Promise.reject(configured))), request, runContext())),
    configured,
  );
});

test('a client that returns no messages fails with "modelBadResponse"', async () => {
  for (const value of [undefined, null, {}, { messages: 'x' }, { messages: [null] }]) {
    const outcome = await callModel(agentOf(brokenClient(async () => value)), request, runContext());
    assert.equal(errorOf(outcome).code, 'modelBadResponse');
  }
});

test('a failure is logged with its code, without the words of the provider', async () => {
  const log = recordingLogger();
  const { sleep } = recordingSleep();
  const model = scriptedModel([
    { error: limited() },
    { error: new ModelError('modelRefused', 'Refused: the user asked for a secret.') },
  ]);
  await callModel(agentOf(model), request, runContext({ log }), sleep);
  assert.deepEqual(
    log.lines.map(({ level, fields }) => [level, fields?.code]),
    [
      ['warn', 'modelRateLimited'],
      ['error', 'modelRefused'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(log.lines), /the user asked for a secret/);
});
