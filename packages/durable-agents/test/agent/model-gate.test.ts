import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from '../../src/agent/agent.ts';
import { callModel, type Sleep } from '../../src/agent/call-model.ts';
import type { ModelOutcome } from '../../src/agent/effects.ts';
import { textMessage } from '../../src/agent/message.ts';
import { gateOf, ModelGate } from '../../src/agent/model-gate.ts';
import { ModelError } from '../../src/errors.ts';
import type { ChatClient, ChatRequest } from '../../src/model/chat-client.ts';
import { OpenAIChatClient, openaiResponses } from '../../src/openai.ts';
import { runContext } from './support.ts';

const request: ChatRequest = { messages: [], tools: [], options: {} };
const noSleep: Sleep = async () => {};

/** A model that takes so many calls in each span of time, and answers 429 to the others. */
class LimitedModel implements ChatClient {
  readonly provider = 'limited';
  readonly modelId = 'm';
  readonly simulated = true;
  calls = 0;
  refused = 0;
  most = 0;
  #running = 0;
  #left: number;
  readonly #perSpan: number;
  readonly #spanMs: number;
  #spanEnds = 0;

  constructor(perSpan: number, spanMs: number) {
    this.#perSpan = perSpan;
    this.#spanMs = spanMs;
    this.#left = perSpan;
  }

  async complete() {
    const now = performance.now();
    if (now >= this.#spanEnds) {
      this.#spanEnds = now + this.#spanMs;
      this.#left = this.#perSpan;
    }
    this.calls++;
    this.most = Math.max(this.most, ++this.#running);
    await pause(1);
    this.#running--;
    if (this.#left-- > 0) return { messages: [textMessage('assistant', 'ok')], finishReason: 'stop' as const };
    this.refused++;
    const retryAfterMs = Math.max(1, Math.ceil(this.#spanEnds - performance.now()));
    throw new ModelError('modelRateLimited', 'slow down', { retryable: true, retryAfterMs });
  }
}

const codeOf = (outcome: ModelOutcome) => (outcome.ok ? 'ok' : outcome.error.code);

describe('calls of a model whose server limits their rate', () => {
  it('all get through, with few refusals, although each would have given up by itself', async (t) => {
    const model = new LimitedModel(5, 100);
    const agent = new Agent({ name: 'a', model });
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => callModel(agent, request, runContext())));
    assert.deepEqual([...new Set(outcomes.map(codeOf))], ['ok']);
    // 95 at the start, when nobody knows of the limit yet; then two or three in each of the 19 spans.
    t.diagnostic(`${model.refused} refusals`);
    assert.ok(model.refused < 220, `${model.refused} refusals`);
  });

  it('wait as long as the server told one of them, the new ones too', async () => {
    let now = 0;
    const gate = new ModelGate(() => now);
    const first = gate.enter({ since: 0, timeoutMs: 60_000, signal: AbortSignal.timeout(60_000) });
    assert.ok('leave' in first);
    first.leave({ refused: { retryAfterMs: 2_000 } });
    assert.equal(gate.closedUntil, 2_000);
    now = 1_999;
    const controller = new AbortController();
    const held = gate.enter({ since: now, timeoutMs: 60_000, signal: controller.signal });
    assert.ok(held instanceof Promise, 'it waits');
    assert.equal(gate.waiting, 1);
    controller.abort();
    await assert.rejects(Promise.resolve(held));
    assert.equal(gate.waiting, 0);
    now = 2_000;
    const next = gate.enter({ since: now, timeoutMs: 0, signal: controller.signal });
    assert.ok('leave' in next, 'the time is over');
    next.leave('answered');
  });

  it('go one by one after a refusal, one more with each answer, and freely when there was none for a while', async () => {
    let now = 0;
    const gate = new ModelGate(() => now);
    const enter = () => gate.enter({ since: now, timeoutMs: 1, signal: AbortSignal.timeout(60_000) });
    const passes = Array.from({ length: 20 }, enter);
    for (const pass of passes) {
      assert.ok('leave' in pass, 'nobody is held back before a refusal');
      pass.leave({ refused: { retryAfterMs: 0 } });
    }
    const one = enter();
    assert.ok('leave' in one);
    assert.equal(await enter(), undefined, 'only one at a time');
    one.leave('answered');
    const two = [enter(), enter()];
    assert.ok(two.every((pass) => 'leave' in pass));
    assert.equal(await enter(), undefined);
    now = 60_000;
    assert.ok(Array.from({ length: 50 }, enter).every((pass) => 'leave' in pass));
  });

  it('go in the order in which they were first wanted', async () => {
    const gate = new ModelGate();
    const signal = AbortSignal.timeout(60_000);
    const first = await gate.enter({ since: 0, timeoutMs: 1, signal });
    first?.leave({ refused: { retryAfterMs: 0 } });
    const holder = await gate.enter({ since: 0, timeoutMs: 1, signal });
    const order: number[] = [];
    const waiting = [3, 1, 2].map(async (since) => {
      const pass = await gate.enter({ since, timeoutMs: 60_000, signal });
      order.push(since);
      pass?.leave('other');
    });
    holder?.leave('other');
    await Promise.all(waiting);
    assert.deepEqual(order, [1, 2, 3]);
  });

  it('give up when the budget is spent, and say so', async () => {
    const model = new LimitedModel(0, 10_000);
    const agent = new Agent({ name: 'a', model, modelRetryBudgetMs: 30, maxModelRetries: 10 });
    const first = await callModel(agent, request, runContext(), noSleep);
    assert.equal(codeOf(first), 'modelRateLimited');
    const second = await callModel(agent, request, runContext());
    assert.ok(!second.ok);
    assert.match(second.error.message, /waited \d+ ms in line/);
    assert.equal((second.error as ModelError).retryable, true);
  });

  it('are repeated only as often as allowed while nobody gets through', async () => {
    const model = new LimitedModel(0, 1);
    const agent = new Agent({ name: 'a', model, maxModelRetries: 2 });
    assert.equal(codeOf(await callModel(agent, request, runContext())), 'modelRateLimited');
    assert.equal(model.calls, 3);
  });

  it('end at once when the run is stopped', async () => {
    const model = new LimitedModel(0, 20_000);
    const agent = new Agent({ name: 'a', model, maxModelRetries: 0 });
    await callModel(agent, request, runContext());
    const controller = new AbortController();
    const waiting = callModel(agent, request, runContext({ signal: controller.signal }));
    assert.equal(gateOf(model).waiting, 1);
    controller.abort();
    assert.equal(codeOf(await waiting), 'modelAborted');
    assert.equal(gateOf(model).waiting, 0);
  });

  it('slow down together when they are for one deployment, and apart when they are not', () => {
    const chat = (model: string) => new OpenAIChatClient({ model, baseURL: 'http://127.0.0.1:9/v1' });
    assert.equal(gateOf(chat('one')), gateOf(chat('one')));
    assert.equal(gateOf(chat('one')), gateOf(openaiResponses({ model: 'one', baseURL: 'http://127.0.0.1:9/v1' })));
    assert.notEqual(gateOf(chat('one')), gateOf(chat('two')));
    assert.notEqual(gateOf(new LimitedModel(1, 1)), gateOf(new LimitedModel(1, 1)));
  });
});
