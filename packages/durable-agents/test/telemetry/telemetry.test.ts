import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ModelOutcome, RunOutcome, ToolCallRequest } from '../../src/agent/effects.ts';
import { textMessage } from '../../src/agent/message.ts';
import { ModelError } from '../../src/errors.ts';
import type { JsonObject } from '../../src/json.ts';
import type { ChatRequest } from '../../src/model/chat-client.ts';
import { traceModelCall } from '../../src/telemetry/model-telemetry.ts';
import { capturesContent } from '../../src/telemetry/telemetry-options.ts';
import { traceToolCall } from '../../src/telemetry/tool-telemetry.ts';
import { traceLogger } from '../../src/telemetry/trace-logger.ts';
import { countQueueWait, recordTurn, type TurnFacts, traceTurn } from '../../src/telemetry/turn-telemetry.ts';
import { setUpTelemetry } from './spans.ts';

const telemetry = setUpTelemetry();
const remote = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'vendor=1' };
const secret = 'sk-canary0123456789abcdef';
const said = 'CANARY my secret diary';

const request: ChatRequest = {
  messages: [textMessage('system', `Be kind. ${said}`), textMessage('user', `${said} ${secret}`)],
  tools: [],
  options: { temperature: 0.5, topP: 0.9, maxOutputTokens: 100, seed: 1, stop: ['END'] },
};
const call: ToolCallRequest = {
  callId: 'c1',
  name: 'look',
  arguments: { q: `${said} ${secret}` },
  iteration: 1,
  index: 0,
};
const model = { provider: 'azure-openai', modelId: 'gpt-5' };
const facts: TurnFacts = {
  agentName: 'Joker',
  sessionId: '@dafx-joker@s',
  correlationId: 'run1',
  model,
  messages: [textMessage('user', `${said} ${secret}`)],
  traceContext: remote,
};
const answer: ModelOutcome = {
  ok: true,
  value: {
    messages: [textMessage('assistant', `${said} ${secret}`)],
    finishReason: 'stop',
    usage: { inputTokenCount: 41, outputTokenCount: 6 },
    responseId: 'r1',
    modelId: 'gpt-5-2026',
  },
};
const outcome: RunOutcome = {
  status: 'completed',
  response: {
    text: said,
    messages: [textMessage('assistant', `${said} ${secret}`)],
    usage: { inputTokenCount: 41, outputTokenCount: 6 },
  },
};

/** A turn with one model call and one tool call. */
function runTurn(captureContent?: boolean): Promise<RunOutcome> {
  const options = { captureContent };
  const common = { agentName: 'Joker', sessionId: facts.sessionId };
  return traceTurn(facts, options, async () => {
    await traceModelCall({ ...common, model, request }, options, async (meter) => {
      meter.onUpdate({ type: 'text', text: said }, 2);
      return answer;
    });
    await traceToolCall({ ...common, call, toolDescription: 'Looks.' }, options, async () => ({
      seen: `${said} ${secret}`,
    }));
    return outcome;
  });
}

function spanNamed(name: string) {
  const span = telemetry.spans.getFinishedSpans().find((candidate) => candidate.name === name);
  assert.ok(span, `no span "${name}"`);
  return span;
}

describe('telemetry', () => {
  beforeEach(() => telemetry.spans.reset());
  after(() => telemetry.stop());

  it('has a span for the turn, the model call and the tool call, in the trace that the request came with', async () => {
    await runTurn();
    const turn = spanNamed('invoke_agent Joker');
    assert.equal(turn.spanContext().traceId, '0af7651916cd43dd8448eb211c80319c');
    assert.equal(turn.parentSpanContext?.spanId, 'b7ad6b7169203331');
    assert.equal(turn.kind, SpanKind.INTERNAL);
    assert.deepEqual(turn.attributes, {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.provider.name': 'azure.ai.openai',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.agent.name': 'Joker',
      'gen_ai.conversation.id': '@dafx-joker@s',
      'durable_agents.correlation_id': 'run1',
      'durable_agents.input.characters': said.length + 1 + secret.length,
      'gen_ai.usage.input_tokens': 41,
      'gen_ai.usage.output_tokens': 6,
      'durable_agents.output.characters': said.length,
    });
    const chat = spanNamed('chat gpt-5');
    assert.equal(chat.parentSpanContext?.spanId, turn.spanContext().spanId);
    assert.equal(chat.kind, SpanKind.CLIENT);
    for (const [name, value] of Object.entries({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.max_tokens': 100,
      'gen_ai.request.seed': 1,
      'gen_ai.request.stop_sequences': ['END'],
      'gen_ai.response.id': 'r1',
      'gen_ai.response.model': 'gpt-5-2026',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 41,
      'durable_agents.model.retries': 1,
    })) {
      assert.deepEqual(chat.attributes[name], value, name);
    }
    const tool = spanNamed('execute_tool look');
    assert.equal(tool.parentSpanContext?.spanId, turn.spanContext().spanId);
    assert.equal(tool.attributes['gen_ai.tool.name'], 'look');
    assert.equal(tool.attributes['gen_ai.tool.call.id'], 'c1');
    assert.equal(tool.attributes['gen_ai.tool.type'], 'function');
    assert.equal(tool.attributes['gen_ai.tool.description'], 'Looks.');
  });

  it('measures turns, durations, tokens, retries and the wait in the queue', async () => {
    await telemetry.metrics();
    countQueueWait(facts, 1_500);
    countQueueWait(facts, -20);
    await runTurn();
    const found = await telemetry.metrics();
    const tokens = found
      .get('gen_ai.client.token.usage')
      ?.map(({ attributes, value }) => [attributes['gen_ai.token.type'], (value as { sum: number }).sum]);
    assert.deepEqual(tokens, [
      ['input', 41],
      ['output', 6],
    ]);
    const wait = found.get('durable_agents.turn.queue_wait')?.[0]?.value as { sum: number; min: number };
    assert.deepEqual([wait.sum, wait.min], [1.5, 0]);
    assert.equal(found.get('durable_agents.turns')?.[0]?.value, 1);
    assert.deepEqual(found.get('durable_agents.turns')?.[0]?.attributes, {
      'gen_ai.agent.name': 'Joker',
      outcome: 'completed',
    });
    assert.equal(found.get('durable_agents.model.retries')?.[0]?.value, 1);
    for (const name of [
      'gen_ai.client.operation.duration',
      'gen_ai.client.operation.time_to_first_chunk',
      'gen_ai.invoke_agent.duration',
      'gen_ai.execute_tool.duration',
    ]) {
      assert.equal((found.get(name)?.[0]?.value as { count: number } | undefined)?.count, 1, name);
    }
  });

  it('holds neither messages nor secrets by default, in success and in failure', async () => {
    await runTurn();
    await traceTurn(facts, {}, async () => ({
      status: 'failed',
      error: new ModelError('modelBadRequest', `The provider said: ${said} ${secret}`),
      messages: [],
    }));
    await assert.rejects(
      traceToolCall({ agentName: 'Joker', sessionId: 's', call }, {}, async () => {
        throw new TypeError(`${said} ${secret}`);
      }),
    );
    const spans = telemetry.spans.getFinishedSpans();
    assert.equal(spans.length, 5);
    const all = JSON.stringify(
      spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
    );
    assert.doesNotMatch(all, /CANARY|canary/);
  });

  it('holds messages when they are switched on, and still no secret', async () => {
    await runTurn(true);
    const chat = spanNamed('chat gpt-5').attributes;
    assert.deepEqual(JSON.parse(String(chat['gen_ai.input.messages'])), [
      { role: 'user', parts: [{ type: 'text', content: `${said} ***` }] },
    ]);
    assert.deepEqual(JSON.parse(String(chat['gen_ai.output.messages'])), [
      { role: 'assistant', parts: [{ type: 'text', content: `${said} ***` }], finish_reason: 'stop' },
    ]);
    assert.match(String(chat['gen_ai.system_instructions']), /Be kind/);
    assert.match(String(spanNamed('execute_tool look').attributes['gen_ai.tool.call.arguments']), /CANARY/);
    assert.match(String(spanNamed('execute_tool look').attributes['gen_ai.tool.call.result']), /CANARY/);
    const all = JSON.stringify(telemetry.spans.getFinishedSpans().map(({ attributes }) => attributes));
    assert.doesNotMatch(all, /sk-canary/);
  });

  it('is switched on by the option, else by the variable of the conventions', () => {
    const variable = (value: string) => ({ OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: value });
    assert.equal(capturesContent({}, {}), false);
    for (const value of ['true', 'TRUE', 'span_only', 'SPAN_AND_EVENT'])
      assert.equal(capturesContent({}, variable(value)), true);
    for (const value of ['false', '', 'EVENT_ONLY', 'NO_CONTENT'])
      assert.equal(capturesContent({}, variable(value)), false);
    assert.equal(capturesContent({ captureContent: false }, variable('true')), false);
    assert.equal(capturesContent({ captureContent: true }, {}), true);
  });

  it('marks what failed with its code', async () => {
    const error = new ModelError('modelRateLimited', 'Too many.');
    await traceModelCall({ agentName: 'Joker', sessionId: 's', model, request }, {}, async () => ({
      ok: false,
      error,
    }));
    const chat = spanNamed('chat gpt-5');
    assert.equal(chat.attributes['error.type'], 'modelRateLimited');
    assert.deepEqual(chat.status, { code: SpanStatusCode.ERROR, message: 'modelRateLimited' });
    const toolError = { error: { code: 'toolTimeout', message: 'slow' } };
    await traceToolCall({ agentName: 'Joker', sessionId: 's', call }, {}, async () => toolError);
    assert.equal(spanNamed('execute_tool look').attributes['error.type'], 'toolTimeout');
  });

  it('records a turn that was done in steps with its own times, in its own trace', () => {
    const [startedAt, endedAt] = [new Date(1_000_000), new Date(1_090_000)];
    recordTurn(facts, {}, { startedAt, endedAt, outcome });
    const turn = spanNamed('invoke_agent Joker');
    assert.deepEqual(
      [turn.startTime, turn.endTime],
      [
        [1_000, 0],
        [1_090, 0],
      ],
    );
    assert.equal(turn.parentSpanContext?.spanId, 'b7ad6b7169203331');
  });

  it('puts the trace into the logs', async () => {
    const lines: (JsonObject | undefined)[] = [];
    const write = (_: string, fields?: JsonObject) => void lines.push(fields);
    const log = traceLogger({ debug: write, info: write, warn: write, error: write });
    log.info('outside');
    await traceTurn(facts, {}, async () => {
      log.info('inside', { a: 1 });
      return outcome;
    });
    assert.equal(lines[0], undefined);
    const { spanId } = spanNamed('invoke_agent Joker').spanContext();
    assert.deepEqual(lines[1], { a: 1, trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: spanId });
  });
});
